using System.Runtime.InteropServices;
using SparkTrain.Input;
using SparkTrain.Native;

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

    public static Finding Memory() => Memory(MachineMemory.Physical(), MachineMemory.Available(), MachineMemory.Limit());

    internal static Finding Memory(long physical, long available, long? limit)
    {
        var found = $"{Size.Text(available)} available of {Size.Text(physical)}" + (limit is { } capped ? $", limited to {Size.Text(capped)} by the control group" : "");
        return available >= 2 * GiB
            ? new(Verdict.Ok, "memory", found)
            : new(Verdict.Warn, "memory", found, "enough for small models only; plan shows what a configuration needs");
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
        catch (Exception e) when (IoFailure.Is(e))
        {
            return new(Verdict.Fail, "disk", $"{existing} cannot be written: {e.Message}", $"choose another folder for runs, or {IoFailure.Explain(e).Do}");
        }
        var free = new DriveInfo(existing).AvailableFreeSpace;
        return free >= 5 * GiB
            ? new(Verdict.Ok, "disk", $"{Size.Text(free)} free for {folder}")
            : new(Verdict.Warn, "disk", $"{Size.Text(free)} free for {folder}", "a checkpoint takes 12 bytes and more per parameter: free some space or keep fewer");
    }
}
