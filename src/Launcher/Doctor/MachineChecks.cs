using System.Globalization;
using System.Runtime.InteropServices;

namespace SparkTrain.Launcher.Doctor;

/// <summary>Measures the machine: processor, memory and disk.</summary>
internal static class MachineChecks
{
    private const long GiB = 1L << 30;

    public static Finding Processor() => Processor(CpuInfo(), RuntimeInformation.ProcessArchitecture, Environment.ProcessorCount);

    /// <summary>The processor as it calls itself, or its architecture.</summary>
    public static string ProcessorName() => ProcessorName(CpuInfo(), RuntimeInformation.ProcessArchitecture);

    internal static Finding Processor(string[] cpuinfo, Architecture architecture, int cores)
    {
        var flags = Field(cpuinfo, "flags", "Features").Split(' ').ToHashSet();
        (string Name, bool Has)[] features =
        [
            ("AVX2", flags.Contains("avx2")),
            ("AVX-512", flags.Contains("avx512f")),
            ("bf16", flags.Contains("avx512_bf16") || flags.Contains("amx_bf16") || flags.Contains("bf16")),
        ];
        var present = features.Where(feature => feature.Has).Select(feature => feature.Name).DefaultIfEmpty("none of AVX2, AVX-512, bf16");
        var found = $"{ProcessorName(cpuinfo, architecture)}, {cores} {(cores == 1 ? "core" : "cores")} for this process; {string.Join(", ", present)}";
        if (architecture != Architecture.X64)
            return new(Verdict.Warn, "processor", found, "the libtorch that NuGet brings is for x64: give your own in SPARKTRAIN_LIBTORCH");
        return flags.Contains("avx2")
            ? new(Verdict.Ok, "processor", found)
            : new(Verdict.Warn, "processor", found, "tensor operations are several times slower without AVX2");
    }

    private static string ProcessorName(string[] cpuinfo, Architecture architecture) => Field(cpuinfo, "model name") is { Length: > 0 } name ? name : architecture.ToString();

    private static string[] CpuInfo() => File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];

    private static string Field(string[] cpuinfo, params string[] names) => cpuinfo
        .Select(line => line.Split(':', 2)).FirstOrDefault(parts => parts.Length == 2 && names.Contains(parts[0].Trim()))?[1].Trim() ?? "";

    public static Finding Memory()
    {
        var info = File.Exists("/proc/meminfo") ? File.ReadAllLines("/proc/meminfo") : [];
        return Memory(info, CgroupLimit("/sys/fs/cgroup"));
    }

    internal static Finding Memory(string[] meminfo, long? limit)
    {
        long Bytes(string name) => meminfo.Where(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).FirstOrDefault();
        var (total, available) = (Bytes("MemTotal"), Bytes("MemAvailable"));
        var capped = limit < total;
        var found = $"{Size.Text(available)} available of {Size.Text(total)}" + (capped ? $", limited to {Size.Text(limit!.Value)} by the control group" : "");
        return Math.Min(available, limit ?? long.MaxValue) >= 2 * GiB
            ? new(Verdict.Ok, "memory", found)
            : new(Verdict.Warn, "memory", found, "enough for small models only; plan shows what a configuration needs");
    }

    /// <summary>The memory limit of the control group that this process sees as its root (version 2, then 1), or null.</summary>
    internal static long? CgroupLimit(string root)
    {
        foreach (var file in (string[])["memory.max", "memory/memory.limit_in_bytes"])
        {
            var path = Path.Combine(root, file);
            if (File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)) return bytes;
        }
        return null;
    }

    /// <summary>Looks at the disk of a folder that need not exist yet.</summary>
    public static Finding Disk(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing)) existing = Path.GetDirectoryName(existing)!;
        try
        {
            using (File.Create(Path.Combine(existing, $".sparktrain-{Guid.NewGuid():N}"), 1, FileOptions.DeleteOnClose)) { }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(Verdict.Fail, "disk", $"{existing} cannot be written: {e.Message}", "choose another folder for runs");
        }
        var free = new DriveInfo(existing).AvailableFreeSpace;
        return free >= 5 * GiB
            ? new(Verdict.Ok, "disk", $"{Size.Text(free)} free for {folder}")
            : new(Verdict.Warn, "disk", $"{Size.Text(free)} free for {folder}", "a checkpoint takes 12 bytes and more per parameter: free some space or keep fewer");
    }
}
