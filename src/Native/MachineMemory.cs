using System.Globalization;

namespace SparkTrain.Native;

/// <summary>Memory of this machine that a process may still take.</summary>
public static class MachineMemory
{
    /// <summary>Returns the bytes that can be had without swapping: the kernel's MemAvailable, or less where a control group limits the process.</summary>
    public static long Available()
    {
        long available = FromMemInfo("MemAvailable:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        // Control group v2; "max" means no limit.
        if (ReadNumber("/sys/fs/cgroup/memory.max") is { } limit && ReadNumber("/sys/fs/cgroup/memory.current") is { } used)
            available = Math.Min(available, Math.Max(0, limit - used));
        return available;
    }

    /// <summary>Returns the bytes of memory that the machine has.</summary>
    public static long Total() => FromMemInfo("MemTotal:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static long? FromMemInfo(string key)
    {
        if (!File.Exists("/proc/meminfo")) return null;
        string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : 1024 * long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture);
    }

    private static long? ReadNumber(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path), NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) ? number : null;
}
