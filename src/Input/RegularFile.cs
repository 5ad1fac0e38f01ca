using System.Runtime.InteropServices;
using System.Text;

namespace SparkTrain.Input;

/// <summary>Reads files that others may have put there. Only regular ones: opening a pipe may wait for ever, and a device may have no end.</summary>
public static partial class RegularFile
{
    private const int BufferBytes = 1 << 16;

    // Of statx(2): the folder that paths begin at, the field that is asked for, the size of the answer, and where in it the mode lies.
    private const int CurrentFolder = -100, TypeOnly = 1, AnswerBytes = 256, ModeAt = 28;

    private static readonly Dictionary<int, string> Others = new()
    {
        [0x1000] = "a pipe", [0x2000] = "a device", [0x4000] = "a folder", [0x6000] = "a device", [0xC000] = "a socket",
    };

    /// <summary>Refuses what is there and no regular file. Whatever is not there at all, opening it tells.</summary>
    /// <exception cref="IOException">It is a pipe, a device, a folder or a socket.</exception>
    public static void Require(string path)
    {
        if (Other(path) is { } kind) throw new IOException($"it is {kind}, not a regular file");
    }

    /// <summary>True for the name of a file in a folder; false for a path, for what leads out of the folder, and for what no file can be called.</summary>
    public static bool IsName(string name) => name is not ("" or "." or "..") && name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0;

    /// <summary>The same, with the path in the message: for whoever opens one file of many, and reports of their folder.</summary>
    /// <inheritdoc cref="Require" path="/exception"/>
    public static void RequireNamed(string path)
    {
        if (Other(path) is { } kind) throw new IOException($"{path} is {kind}, not a regular file");
    }

    /// <summary>Opens a regular file for reading.</summary>
    /// <exception cref="IOException">It is missing, cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path)
    {
        Require(path);
        return File.OpenRead(path);
    }

    /// <summary>Opens a regular file that a process may be writing, replacing or deleting meanwhile; nothing is buffered.</summary>
    /// <exception cref="IOException">It is missing, cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenShared(string path)
    {
        Require(path);
        return new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    }

    /// <summary>Reads the lines of a regular file, as UTF-8, that a process may be writing meanwhile.</summary>
    /// <exception cref="IOException">It is missing, cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static IEnumerable<string> ReadLines(string path)
    {
        using var reader = new StreamReader(OpenShared(path), Encoding.UTF8);
        while (reader.ReadLine() is { } line) yield return line;
    }

    /// <summary>Reads a regular file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="IOException">It is missing, cannot be read, is none, or has more bytes.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadAllBytes(string path, int most)
    {
        using var file = OpenRead(path);
        return file.Length <= most ? ReadToEnd(file, most) : throw new IOException($"it has {file.Length} bytes, more than {most}");
    }

    /// <summary>Reads a regular file whole, as UTF-8 without the mark that it may begin with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="IOException">It is missing, cannot be read, is none, or has more bytes.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string ReadAllText(string path, int most)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAllBytes(path, most)), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Reads a stream to its end; the length that it claims counts for nothing.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="IOException">It has more.</exception>
    public static byte[] ReadToEnd(Stream stream, int most)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[BufferBytes];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            if (bytes.Length + count > most) throw new IOException($"it has more than {most} bytes");
            bytes.Write(buffer, 0, count);
        }
        return bytes.ToArray();
    }

    private static unsafe string? Other(string path)
    {
        if (!OperatingSystem.IsLinux()) return Directory.Exists(path) ? Others[0x4000] : null;
        byte* answer = stackalloc byte[AnswerBytes];
        return Statx(CurrentFolder, path, 0, TypeOnly, answer) == 0 ? Others.GetValueOrDefault(*(ushort*)(answer + ModeAt) & 0xF000) : null;
    }

    // .NET does not tell a pipe from a file before it has opened it.
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint fields, byte* answer);
}
