using Microsoft.Win32.SafeHandles;

namespace SparkTrain.Input;

/// <summary>Fills <paramref name="into"/> with the bytes of a file from <paramref name="offset"/> on.</summary>
public delegate void ReadAt(Span<byte> into, long offset);

/// <summary>Reads parts of an open file.</summary>
public static class FileBytes
{
    /// <summary>Fills <paramref name="into"/> with the bytes from <paramref name="offset"/> on. Throws <see cref="InvalidDataException"/> where the file ends before, as one does that is cut meanwhile.</summary>
    public static void Read(SafeFileHandle file, Span<byte> into, long offset)
    {
        while (!into.IsEmpty)
        {
            var count = RandomAccess.Read(file, into, offset);
            if (count == 0) throw new InvalidDataException($"the file ends before byte {offset + into.Length}");
            into = into[count..];
            offset += count;
        }
    }
}
