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

    /// <summary>The temporary folder in which <paramref name="path"/> is built.</summary>
    public static string TemporaryOf(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, TemporaryPrefix + Path.GetFileName(path));

    /// <summary>Makes the temporary folder, empty, and returns it.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static string Begin(string path)
    {
        Discard(path);
        Directory.CreateDirectory(TemporaryOf(path));
        return TemporaryOf(path);
    }

    /// <summary>Puts the temporary folder in the place of <paramref name="path"/>.</summary>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static void End(string path)
    {
        Flush(TemporaryOf(path));
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        Directory.Move(TemporaryOf(path), path);
        Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Deletes the temporary folder, where there is one.</summary>
    public static void Discard(string path)
    {
        if (Directory.Exists(TemporaryOf(path))) Directory.Delete(TemporaryOf(path), recursive: true);
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
