using System.Runtime.InteropServices;

namespace SparkTrain.Trainer;

/// <summary>Publishes a folder in one step: it is built under a temporary name, flushed, and renamed.</summary>
public static partial class DurableFolder
{
    private const int ReadOnly = 0;

    /// <summary>The prefix of folders that are still being built; left over ones may be deleted.</summary>
    public const string TemporaryPrefix = ".tmp-";

    /// <summary>Builds <paramref name="path"/> by <paramref name="build"/>, which gets the temporary folder. After a failure nothing is left.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static void Publish(string path, Action<string> build)
    {
        string parent = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string temporary = Path.Combine(parent, TemporaryPrefix + Path.GetFileName(path));
        if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        Directory.CreateDirectory(temporary);
        try
        {
            build(temporary);
            Flush(temporary);
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            Directory.Move(temporary, path);
            Flush(parent);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>Writes a small file and flushes it to the disk.</summary>
    public static void WriteFile(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    // A rename is durable only once its folder is: .NET has no call for that.
    private static void Flush(string folder)
    {
        if (!OperatingSystem.IsLinux()) return;
        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0) throw new IOException($"{folder}: cannot be opened for flushing");
        int result = Sync(descriptor);
        if ((Close(descriptor) | result) != 0) throw new IOException($"{folder}: cannot be flushed to the disk");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
