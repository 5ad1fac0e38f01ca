using System.Diagnostics;

namespace SparkTrain.Model.Tests.Processors;

/// <summary>Goldens, kernels and cached decoding as other processors compute them: the suite again, with instruction sets switched off one library after the other.</summary>
public sealed class ProcessorTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly string[] Classes = ["*GoldenTests", "*KeyValueCacheTests", "*AttentionKernelTests", "*LinearKernelTests", "*InstructionSetTests"];

    [Fact]
    public void MKL_without_avx512() => Assert.DoesNotContain("AVX-512", Lines("MKL_VERBOSE oneMKL", Pass(("MKL_ENABLE_INSTRUCTIONS", "AVX2"), ("MKL_VERBOSE", "1"))), StringComparison.Ordinal);

    [Fact]
    public void OneDNN_without_avx512() => Assert.DoesNotContain("AVX-512", Lines("onednn_verbose,v1,info,cpu,isa:", Pass(("ONEDNN_MAX_CPU_ISA", "AVX2"), ("ONEDNN_VERBOSE", "1"))), StringComparison.Ordinal);

    // InstructionSetTests in the pass finds that these took effect.
    [Theory]
    [InlineData("avx2")]
    [InlineData("default")]
    public void Libtorchs_own_kernels(string capability) => Pass(("ATEN_CPU_CAPABILITY", capability));

    [Fact]
    public void Our_kernels_without_avx512() => Pass(("DOTNET_EnableAVX512", "0"));

    [Fact]
    public void All_of_it_as_on_a_processor_of_2013() =>
        Pass(("MKL_ENABLE_INSTRUCTIONS", "AVX2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("ATEN_CPU_CAPABILITY", "avx2"), ("DOTNET_EnableAVX512", "0"));

    private static string Pass(params (string Name, string Value)[] switches)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ProcessorTests).Assembly.Location, "-noColor", .. Classes.SelectMany(name => (string[])["-class", name])]);
        foreach (var (name, value) in switches) start.Environment[name] = value;
        var ended = Started.Start(start).Finish(Limit);
        Assert.True(ended.ExitCode == 0, ended.Out + ended.Error);
        return ended.Out;
    }

    private static string Lines(string start, string output)
    {
        string[] lines = [.. output.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal))];
        Assert.NotEmpty(lines);
        return string.Join('\n', lines);
    }
}
