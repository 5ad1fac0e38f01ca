using System.Runtime.Intrinsics.X86;

namespace SparkTrain.Native;

/// <summary>What this machine's processor multiplies fast.</summary>
public static class Processor
{
    // Sets of oneDNN, which multiplies bfloat16, that lack AVX512-BF16 and AMX; its own variables limit it to one of them.
    private static readonly string[] LimitsWithoutBfloat16 = ["SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"];

    /// <summary>True where products of bfloat16 matrices are faster than those of float32: the processor has AVX512-BF16 or AMX-BF16, and nothing keeps oneDNN from using them.</summary>
    public static bool HasBfloat16 { get; } = HasInstructions() && !IsLimited("ONEDNN_MAX_CPU_ISA") && !IsLimited("DNNL_MAX_CPU_ISA");

    // CPUID leaf 7 (Intel SDM, volume 2A): AVX512_BF16 is EAX bit 5 of subleaf 1, AMX-BF16 EDX bit 22 of subleaf 0. A system that does not save the registers reports no AVX-512 to .NET.
    private static bool HasInstructions() =>
        X86Base.IsSupported && Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && ((X86Base.CpuId(7, 1).Eax & 1 << 5) != 0 || (X86Base.CpuId(7, 0).Edx & 1 << 22) != 0);

    private static bool IsLimited(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { } limit && LimitsWithoutBfloat16.Contains(limit.ToUpperInvariant());
}
