using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SparkTrain.Native;

namespace SparkTrain.Model.Tests.Processors;

/// <summary>The instruction sets in use are those that the processor has and the environment allows.</summary>
public sealed class InstructionSetTests
{
    private static readonly string[] Flags = [.. File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("flags", StringComparison.Ordinal)).Split(' ')];

    [Fact]
    public void Of_our_kernels() =>
        Assert.Equal(Flags.Contains("avx512f") && Flags.Contains("avx512vl") && Environment.GetEnvironmentVariable("DOTNET_EnableAVX512") != "0", Avx512F.VL.IsSupported);

    // What oneDNN computes with stands in its log (ONEDNN_VERBOSE) once it has computed something: convolutions of several images always go through it.
    [Fact]
    public void Of_oneDNN_are_named_by_its_log()
    {
        LibTorch.Load(1);
        using var scope = NewDisposeScope();
        var sums = nn.functional.conv2d(ones(2, 8, 64, 64), ones(4, 8, 3, 3));
        Assert.True(sums.eq(72).all().item<bool>());
    }

    [Fact]
    public unsafe void Of_libtorchs_own_kernels()
    {
        LibTorch.Load(1);
        nint library = NativeLibrary.Load(Path.Combine(LibTorch.Probe().Folder!, "libtorch_cpu.so"));
        // std::string at::get_cpu_capability(): the result's address is the hidden first argument; a short text lies inside the object {text, length, …}.
        byte** text = stackalloc byte*[4];
        ((delegate* unmanaged[Cdecl]<byte**, byte**>)NativeLibrary.GetExport(library, "_ZN2at18get_cpu_capabilityB5cxx11Ev"))(text);
        string best = Flags.Contains("avx512f") && Flags.Contains("avx512vl") && Flags.Contains("avx512bw") && Flags.Contains("avx512dq") ? "AVX512" : Flags.Contains("avx2") ? "AVX2" : "DEFAULT";
        Assert.Equal(Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY")?.ToUpperInvariant() ?? best, Marshal.PtrToStringUTF8((nint)text[0], (int)text[1]));
    }
}
