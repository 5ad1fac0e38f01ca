using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Native;

/// <summary>What the control groups of this process, each inside another, allow of memory (kernel documentation: admin-guide/cgroup-v1/memory.rst, admin-guide/cgroup-v2.rst).</summary>
internal static class ControlGroupMemory
{
    private static readonly Version[] Versions =
    [
        new("", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        new("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ];

    /// <summary>Returns limit and room, in bytes, of every group that has a limit. Pages of files that were not used lately count as room: the kernel drops them before it lets a process die.</summary>
    /// <param name="root">The root of the file system.</param>
    public static IEnumerable<(long Limit, long Room)> Of(string root) =>
        from version in Versions
        from folder in version.Folders(root)
        let limit = Number(Path.Combine(folder, version.Limit))
        let used = Number(Path.Combine(folder, version.Used))
        where limit is not null && used is not null
        let reclaimable = Stat(Path.Combine(folder, "memory.stat"), version.Reclaimable) ?? 0
        select (limit.Value, Math.Max(0, limit.Value - Math.Max(0, used.Value - reclaimable)));

    // "max" means no limit.
    private static long? Number(string file) => long.TryParse(Lines(file).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static long? Stat(string file, string name) => Lines(file).Select(line => line.Split(' ')).Where(parts => parts.Length == 2 && parts[0] == name)
        .Select(parts => long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : (long?)null).FirstOrDefault();

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            return [];
        }
    }

    /// <summary>One of the two interfaces of the kernel.</summary>
    /// <param name="Controller">What /proc/self/cgroup calls it.</param>
    /// <param name="Mount">Where it is mounted.</param>
    /// <param name="Limit">The file of the limit.</param>
    /// <param name="Used">The file of what is used.</param>
    /// <param name="Reclaimable">The row of memory.stat with pages of files that were not used lately.</param>
    private sealed record Version(string Controller, string Mount, string Limit, string Used, string Reclaimable)
    {
        // From the process's own group outwards. In a container the path may be the host's, and only the mount is there, which then is the container's group.
        public IEnumerable<string> Folders(string root)
        {
            string mount = Path.Combine(root, Mount);
            string? own = Lines(Path.Combine(root, "proc/self/cgroup")).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3 && parts[1].Split(',').Contains(Controller)).Select(parts => parts[2].Trim('/')).FirstOrDefault();
            for (string at = own ?? ""; ; at = Path.GetDirectoryName(at) ?? "")
            {
                yield return Path.Combine(mount, at);
                if (at.Length == 0) yield break;
            }
        }
    }
}
