using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SparkTrain.Bench;

/// <summary>Writes and reads a file as plainly as can be: the peers that checkpoints are measured against.</summary>
internal static unsafe partial class PlainDisk
{
    private const int WriteBlock = 16 << 20, ReadBlock = 1 << 20;

    /// <summary>Writes bytes block by block and flushes them to the disk at the end, as <c>dd bs=16M conv=fsync</c> does.</summary>
    public static void Write(string path, byte* bytes, long count)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        for (long at = 0; at < count; at += WriteBlock) RandomAccess.Write(file, new ReadOnlySpan<byte>(bytes + at, (int)Math.Min(WriteBlock, count - at)), at);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Lets dd write zeros.</summary>
    public static void Dd(string path, long count)
    {
        var start = new ProcessStartInfo("dd", ["if=/dev/zero", $"of={path}", "bs=16M", string.Create(CultureInfo.InvariantCulture, $"count={count}"), "iflag=count_bytes", "conv=fsync"]) { RedirectStandardError = true };
        using var dd = Process.Start(start)!;
        string said = dd.StandardError.ReadToEnd();
        dd.WaitForExit();
        if (dd.ExitCode != 0) throw new IOException($"dd: {said}");
    }

    /// <summary>Reads a file to its end, into a buffer that stays in the cache.</summary>
    public static void Read(string path)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        byte[] block = new byte[ReadBlock];
        int count;
        for (long at = 0; (count = RandomAccess.Read(file, block, at)) > 0; at += count) { }
    }

    /// <summary>Waits until the disk has nothing left to do for anybody.</summary>
    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Settle();
}
