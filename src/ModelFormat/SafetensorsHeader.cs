using System.Buffers.Binary;
using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.ModelFormat;

/// <summary>The header of a safetensors file: an 8-byte little-endian length, then JSON that maps names to dtype, shape and data_offsets.</summary>
public sealed class SafetensorsHeader
{
    private const string FetchAgain = "fetch or write the file again";
    private const long MaxHeaderBytes = 100_000_000;

    private SafetensorsHeader(IReadOnlyDictionary<string, (TensorInfo, long)> tensors, IReadOnlyDictionary<string, string> metadata, long dataStart)
        => (Tensors, Metadata, DataStart) = (tensors, metadata, dataStart);

    /// <summary>Each tensor with the offset of its first byte in the file.</summary>
    public IReadOnlyDictionary<string, (TensorInfo Info, long Offset)> Tensors { get; }

    /// <summary>The free-form strings under __metadata__.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Where the data begin in the file.</summary>
    public long DataStart { get; }

    /// <summary>Reads and checks the header of a file: lengths, types, and that the tensors cover the data without gap or overlap.</summary>
    /// <exception cref="ModelFormatException">The file is missing, cut off, or not a safetensors file.</exception>
    public static SafetensorsHeader Read(string path)
    {
        try
        {
            using var file = RegularFile.OpenRead(path);
            Span<byte> prefix = stackalloc byte[8];
            if (file.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
                throw Bad(path, $"the file has {file.Length} bytes", "at least the 8 bytes of the header's length");
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (length > MaxHeaderBytes || (long)length > file.Length - 8)
                throw Bad(path, $"the header claims {length} bytes in a file of {file.Length}", "a safetensors file that is complete");
            byte[] json = new byte[length];
            file.ReadExactly(json);
            return Parse(path, json, file.Length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Bad(path, "no such file", "a safetensors file");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException or KeyNotFoundException)
        {
            throw new ModelFormatException(path, $"the header is not valid ({e.Reason()})", "a safetensors file", FetchAgain, e);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new ModelFormatException(path, $"it cannot be read ({e.Reason()})", "a file that this user may read", "check the path and its permissions", e);
        }
    }

    /// <summary>Returns the same header with other names.</summary>
    /// <param name="nameOf">Gives each name's other one; two names never get the same.</param>
    internal SafetensorsHeader Renamed(Func<string, string> nameOf) =>
        new(Tensors.Values.ToDictionary(t => nameOf(t.Info.Name), t => (t.Info with { Name = nameOf(t.Info.Name) }, t.Offset)), Metadata, DataStart);

    private static SafetensorsHeader Parse(string path, byte[] json, long fileLength)
    {
        long dataStart = 8 + json.LongLength;
        var tensors = new Dictionary<string, (TensorInfo Info, long Offset)>();
        var metadata = new Dictionary<string, string>();
        using var document = JsonText.Parse(json);
        foreach (var entry in document.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                foreach (var item in entry.Value.EnumerateObject()) metadata[item.Name] = item.Value.GetString() ?? "";
                continue;
            }
            string dtype = entry.Value.GetProperty("dtype").GetString() ?? "";
            if (!Enum.TryParse(dtype, out TensorType type) || !Enum.IsDefined(type) || type.ToString() != dtype)
                throw Bad(path, $"tensor {entry.Name} has dtype '{dtype}'", $"one of {string.Join(", ", Enum.GetNames<TensorType>())}");
            long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
            var offsets = entry.Value.GetProperty("data_offsets");
            if (offsets.GetArrayLength() != 2) throw Bad(path, $"tensor {entry.Name} has {offsets.GetArrayLength()} data_offsets", "2, its first byte and the one after its last");
            long begin = offsets[0].GetInt64(), end = offsets[1].GetInt64();
            var info = new TensorInfo(entry.Name, type, shape);
            if (shape.Any(n => n < 0) || begin < 0 || end - begin != info.ByteLength)
                throw Bad(path, $"tensor {entry.Name} {TensorInfo.Text(shape)} {dtype} lies at {begin}..{end}", $"{(shape.Any(n => n < 0) ? "a shape without negative sizes" : $"{info.ByteLength} bytes")}");
            if (end > fileLength - dataStart)
                throw Bad(path, $"tensor {entry.Name} ends at byte {dataStart + end} of a file of {fileLength}", "a complete file (this one is cut off)");
            if (!tensors.TryAdd(entry.Name, (info, dataStart + begin))) throw Bad(path, $"tensor {entry.Name} stands twice in the header", "each name once");
        }
        CheckCoverage(path, tensors.Values, dataStart, fileLength);
        return new(tensors, metadata, dataStart);
    }

    private static void CheckCoverage(string path, IEnumerable<(TensorInfo Info, long Offset)> tensors, long dataStart, long fileLength)
    {
        long at = dataStart;
        foreach (var (info, offset) in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Info.ByteLength))
        {
            if (offset != at) throw Bad(path, $"tensor {info.Name} begins at byte {offset}", $"{at}, where the one before ends");
            at += info.ByteLength;
        }
        if (at != fileLength) throw Bad(path, $"the file has {fileLength} bytes", $"{at}, where the last tensor ends");
    }

    private static ModelFormatException Bad(string path, string found, string expected) =>
        new(path, found, expected, FetchAgain);
}
