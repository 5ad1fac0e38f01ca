using System.Globalization;

namespace SparkTrain.Native;

/// <summary>Memory of this machine, and of the control groups that this process is in: the one answer that <c>plan</c>, <c>doctor</c>, the check at start and reports give.</summary>
public static class MachineMemory
{
    /// <summary>Returns the bytes that can be had without swapping: the kernel's MemAvailable, or less where a control group has less room.</summary>
    /// <param name="root">The root of the file system; another one in tests.</param>
    public static long Available(string root = "/") =>
        ControlGroupMemory.Of(root).Select(group => group.Room).Append(FromMemInfo(root, "MemAvailable:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes).Min();

    /// <summary>Returns the bytes of memory that this process could have if it were alone: those of the machine, or what a control group allows.</summary>
    /// <param name="root">The root of the file system; another one in tests.</param>
    public static long Total(string root = "/") => Limit(root) ?? Physical(root);

    /// <summary>Returns the bytes of memory that the machine has.</summary>
    /// <param name="root">The root of the file system; another one in tests.</param>
    public static long Physical(string root = "/") => FromMemInfo(root, "MemTotal:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Returns the bytes that the tightest control group allows; null where none allows less than the machine has.</summary>
    /// <param name="root">The root of the file system; another one in tests.</param>
    public static long? Limit(string root = "/")
    {
        long physical = Physical(root), tightest = ControlGroupMemory.Of(root).Select(group => group.Limit).Append(long.MaxValue).Min();
        return tightest < physical ? tightest : null;
    }

    private static long? FromMemInfo(string root, string key)
    {
        string file = Path.Combine(root, "proc/meminfo");
        if (!File.Exists(file)) return null;
        string? line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : 1024 * long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture);
    }
}
