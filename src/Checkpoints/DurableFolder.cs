using System.Runtime.InteropServices;

namespace SparkTrain.Checkpoints;

/// <summary>Publishes a folder, or a file, in one step: it is built under a temporary name, flushed, and renamed.</summary>
public static partial class DurableFolder
{
    private const int ReadOnly = 0, DontNeed = 4;

    /// <summary>The prefix of folders that are still being built; left over ones may be deleted.</summary>
    public const string TemporaryPrefix = ".tmp-";

    /// <summary>Builds <paramref name="path"/> by <paramref name="build"/>, which gets the temporary folder. After a failure nothing is left.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static void Publish(string path, Action<string> build)
    {
        string temporary = Begin(path);
        try
        {
            build(temporary);
            End(path);
        }
        catch
        {
            Discard(path);
            throw;
        }
    }

    /// <summary>Makes a file by <paramref name="write"/>, which gets its temporary name and flushes what it writes. After a failure nothing is left.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static void PublishFile(string path, Action<string> write)
    {
        string temporary = TemporaryOf(path), folder = Path.GetDirectoryName(Plain(path))!;
        Directory.CreateDirectory(folder);
        try
        {
            write(temporary);
            File.Move(temporary, path, overwrite: true);
            Flush(folder);
        }
        catch
        {
            if (File.Exists(temporary)) File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The temporary folder in which <paramref name="path"/> is built.</summary>
    public static string TemporaryOf(string path)
    {
        string full = Plain(path);
        return Path.Combine(Path.GetDirectoryName(full)!, TemporaryPrefix + Path.GetFileName(full));
    }

    /// <summary>Makes the temporary folder, empty, and returns it.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static string Begin(string path)
    {
        Discard(path);
        Directory.CreateDirectory(TemporaryOf(path));
        return TemporaryOf(path);
    }

    /// <summary>Puts the temporary folder in the place of <paramref name="path"/>. What was there before is gone only afterwards.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static void End(string path)
    {
        path = Plain(path);
        string temporary = TemporaryOf(path), replaced = ReplacedOf(path);
        // Those that were flushed when they were written cost nothing.
        foreach (string file in Directory.GetFiles(temporary)) Flush(file);
        Flush(temporary);
        if (Directory.Exists(path)) Directory.Move(path, replaced);
        Directory.Move(temporary, path);
        Flush(Path.GetDirectoryName(path)!);
        if (Directory.Exists(replaced)) Directory.Delete(replaced, recursive: true);
    }

    /// <summary>Deletes what an interrupted attempt has left.</summary>
    public static void Discard(string path)
    {
        foreach (string left in (string[])[TemporaryOf(path), ReplacedOf(path)])
            if (Directory.Exists(left)) Directory.Delete(left, recursive: true);
    }

    /// <summary>Writes a small file and flushes it to the disk.</summary>
    public static void WriteFile(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Drops a file's flushed bytes from memory, so that they are read from the disk next time. Where the system cannot, nothing happens.</summary>
    public static void DropFromCache(string path)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var file = File.OpenHandle(path);
        _ = Advise((int)file.DangerousGetHandle(), 0, 0, DontNeed);
    }

    // out/ is out.
    private static string Plain(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static string ReplacedOf(string path) => TemporaryOf(path) + "-replaced";

    // A rename is durable only once its folder is: .NET has no call for that.
    private static void Flush(string path)
    {
        if (!OperatingSystem.IsLinux()) return;
        int descriptor = Open(path, ReadOnly);
        if (descriptor < 0) throw new IOException($"{path}: cannot be opened for flushing");
        int result = Sync(descriptor);
        if ((Close(descriptor) | result) != 0) throw new IOException($"{path}: cannot be flushed to the disk");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int descriptor, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
