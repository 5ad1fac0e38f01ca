using SparkTrain.Checkpoints;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>A run that leaves after a step.</summary>
public sealed class UntilTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    public UntilTests()
    {
        var tiny = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);
        config = tiny with { LrSchedule = tiny.LrSchedule with { Kind = LrScheduleKind.Cosine } };
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    public void It_is_saved_there_and_goes_on_as_if_it_had_never_left(int until)
    {
        var unbroken = config with { Run = config.Run with { Name = "unbroken" } };
        TinyRun.Train(unbroken);
        Assert.Equal(TrainOutcome.Stopped, TinyRun.Train(config, until: until));
        Assert.Equal(until, CheckpointStore.StepOf(Store.Complete()[0]));
        Assert.False(Directory.Exists(RunFolder.Of(config.Run).Model));
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(config, until: 8));
        Assert.Equal(TinyRun.Losses(unbroken), TinyRun.Losses(config));
        Assert.Equal(LearningRates(unbroken), LearningRates(config));
        Assert.Equal(TinyRun.Weights(unbroken), TinyRun.Weights(config));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_run_that_is_there_or_further_is_left_as_it_is(int until)
    {
        TinyRun.Train(config, until: 5);
        var before = Files();
        Assert.Equal(TrainOutcome.Stopped, TinyRun.Train(config, until: until));
        Assert.Equal(before, Files());

        (string, DateTime)[] Files() => [.. Directory.GetFiles(RunFolder.Of(config.Run).Path, "*", SearchOption.AllDirectories).Order().Where(file => Path.GetFileName(file) is not ("run.id" or "run.lock")).Select(file => (file, File.GetLastWriteTimeUtc(file)))];
    }

    private CheckpointStore Store => new(RunFolder.Of(config.Run).Checkpoints);

    private static double?[] LearningRates(TrainConfig config) => [.. TinyRun.Metrics(config).Select(m => m.GetProperty("lr").ValueKind == System.Text.Json.JsonValueKind.Null ? (double?)null : m.GetProperty("lr").GetDouble())];
}
