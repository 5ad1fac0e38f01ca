using SparkTrain.Distributed;
using SparkTrain.Native;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

public sealed class ComputeChoiceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_type_that_is_named_stays()
    {
        foreach (var type in (ComputeType[])[ComputeType.Float32, ComputeType.BFloat16]) Assert.Equal(type, Decide(Config(type)));
    }

    [Fact]
    public void Auto_takes_what_the_processor_multiplies_fast()
    {
        string Line(string name) => File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith(name, StringComparison.Ordinal));
        string flags = Line("flags");
        bool has = flags.Contains(" amx_bf16", StringComparison.Ordinal) || flags.Contains(" avx512_bf16", StringComparison.Ordinal) && !Line("vendor_id").EndsWith("GenuineIntel", StringComparison.Ordinal);
        Assert.Equal(has, Processor.HasFastBfloat16);
        Assert.Equal(has ? ComputeType.BFloat16 : ComputeType.Float32, Decide(Config(ComputeType.Auto)));
    }

    [Theory]
    [InlineData("{\"Training\": {\"Compute\": \"Float32\"}}", ComputeType.Float32)]
    [InlineData("{\"Training\": {\"Compute\": \"BFloat16\"}}", ComputeType.BFloat16)]
    [InlineData("{\"Training\": {\"Compute\": \"Auto\"}}", null)]
    [InlineData("{\"Training\": 3}", null)]
    [InlineData("", null)]
    public void A_run_that_has_begun_keeps_its_type_on_any_processor(string saved, ComputeType? expected)
    {
        Directory.CreateDirectory(folder["r"]);
        File.WriteAllText(Path.Combine(folder, "r", "config.json"), saved);
        Assert.Equal(expected ?? ComputeChoice.Here(Config(ComputeType.Auto).Training), Decide(Config(ComputeType.Auto)));
    }

    private TrainConfig Config(ComputeType type)
    {
        var config = TinyRun.Config("data", folder);
        return config with { Run = new() { Name = "r", Folder = folder }, Training = config.Training with { Compute = type } };
    }

    private static ComputeType Decide(TrainConfig config)
    {
        using var alone = new SingleProcess();
        return ComputeChoice.Decide(config, alone).Training.Compute;
    }
}
