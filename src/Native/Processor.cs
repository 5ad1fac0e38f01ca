using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace SparkTrain.Native;

/// <summary>What this machine's processor multiplies fast.</summary>
public static class Processor
{
    // Sets of instructions that oneDNN, which multiplies bfloat16, can be limited to: those without AVX512-BF16, and those with it but without AMX.
    private static readonly string[] WithoutBfloat16 = ["SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"], WithoutTiles = ["AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX10_1_512"];

    /// <summary>
    /// True where libtorch multiplies bfloat16 matrices faster than those of float32: the processor has AMX-BF16, or AVX512-BF16 and is not Intel's, and nothing
    /// keeps oneDNN from using them. Intel's multiply as many float32 numbers a cycle as pairs of bfloat16 with AVX512-BF16, and the conversions come on top.
    /// </summary>
    public static bool HasFastBfloat16 { get; } = (HasTiles() && !IsLimitedTo(WithoutTiles) || HasVectors() && !IsIntel()) && !IsLimitedTo(WithoutBfloat16);

    // CPUID leaf 7 (Intel SDM, volume 2A): AMX-BF16 is EDX bit 22 of subleaf 0, AVX512_BF16 EAX bit 5 of subleaf 1. A system that does not save the registers reports no AVX-512 to .NET.
    private static bool HasTiles() => HasLeaf7() && (X86Base.CpuId(7, 0).Edx & 1 << 22) != 0;

    private static bool HasVectors() => HasLeaf7() && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;

    private static bool HasLeaf7() => X86Base.IsSupported && Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= 7;

    // Leaf 0 has the maker's name in EBX, EDX, ECX.
    private static bool IsIntel()
    {
        var (_, b, c, d) = X86Base.CpuId(0, 0);
        return MemoryMarshal.AsBytes([b, d, c]).SequenceEqual("GenuineIntel"u8);
    }

    private static bool IsLimitedTo(string[] sets) =>
        ((string[])["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"]).Any(variable => Environment.GetEnvironmentVariable(variable) is { } limit && sets.Contains(limit.ToUpperInvariant()));
}
