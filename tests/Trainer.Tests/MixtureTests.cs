using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>Runs that mix datasets.</summary>
public sealed class MixtureTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Metrics_tell_what_each_dataset_has_given_and_its_validation_loss()
    {
        // 8 samples a step; from step 5 on nothing but b.
        var config = Mixed(a: 3, b: 1, new WeightChange { AfterTokens = 4 * 256, Weight = 0 });
        TinyRun.Train(config);
        var last = TinyRun.Metrics(config)[^1];
        Assert.Equal("""{"a":768,"b":1280}""", last.GetProperty("source_tokens").GetRawText());
        using var data = DataMixture.Open(config.Data);
        Assert.Equal(768.0 / 32 / ((data.Sources[0].Dataset.Train.Tokens - 1) / 32), last.GetProperty("source_epochs").GetProperty("a").GetDouble(), 1e-12);

        // The loss of all is the mean of both over their targets.
        var bySource = last.GetProperty("val_loss_by_source");
        double[] losses = [bySource.GetProperty("a").GetDouble(), bySource.GetProperty("b").GetDouble()], targets = [.. Enumerable.Range(0, 2).Select(Targets)];
        Assert.NotEqual(losses[0], losses[1]);
        Assert.Equal(((losses[0] * targets[0]) + (losses[1] * targets[1])) / targets.Sum(), last.GetProperty("val_loss").GetDouble(), 1e-9);

        double Targets(int source)
        {
            var batches = new ValidationBatches(data, 32, config.Training.MicroBatch, config.Validation.Tokens);
            return batches.Where(b => batches.BatchesOf(source) is var range && b.Index >= range.Start.Value && b.Index < range.End.Value)
                .Sum(b => Enumerable.Range(0, b.Batch.Tokens.Length).Count(t => t % 33 > 0 && b.Batch.DocumentIds[t] == b.Batch.DocumentIds[t - 1]));
        }
    }

    [Fact]
    public void A_mixed_run_that_was_interrupted_goes_on_to_the_same_losses_on_other_ranks()
    {
        var unbroken = Mixed(a: 3, b: 1, new WeightChange { AfterTokens = 4 * 256, Weight = 0 });
        unbroken = unbroken with { Distributed = new() { Reduce = Distributed.ReduceOrder.SlotTree }, Training = unbroken.Training with { Threads = 1 } };
        var broken = unbroken with { Run = unbroken.Run with { Name = "broken" } };
        TinyRun.TrainOn(1, unbroken);
        TinyRun.TrainOn(2, broken, until: 3);
        TinyRun.TrainOn(4, broken);
        Assert.Equal(TinyRun.Losses(unbroken), TinyRun.Losses(broken));
    }

    [Fact]
    public void Other_data_are_refused_unless_they_are_wanted()
    {
        var config = Mixed(a: 1, b: 1);
        TinyRun.Train(config, until: 4);
        var heavier = config with { Data = Mixed(a: 1, b: 2).Data };
        Assert.Contains("Data.Sources was", Assert.Throws<CheckpointException>(() => TinyRun.Train(heavier)).Message, StringComparison.Ordinal);
        var other = config with { Data = config.Data with { Sources = [config.Data.Sources[0], config.Data.Sources[1] with { Folder = TinyRun.Data(folder, "c", seed: 5) }] } };
        string message = Assert.Throws<CheckpointException>(() => TinyRun.Train(other)).Message;
        Assert.Contains("the data have fingerprint", message, StringComparison.Ordinal);
        Assert.Contains("--allow-new-data", message, StringComparison.Ordinal);

        TinyRun.Train(other, allowNewData: true);
        Assert.Equal([0L, 4, 8], TinyRun.Metrics(other).Where(m => m.TryGetProperty("val_loss", out _)).Select(m => m.GetProperty("step").GetInt64()));
        // From then on these are the run's data.
        TinyRun.Train(other with { Training = other.Training with { Steps = 9 } });
        Assert.Equal(9, TinyRun.Metrics(other)[^1].GetProperty("step").GetInt64());
    }

    [Fact]
    public void A_run_longer_than_its_data_may_be_read_is_refused_before_it_begins()
    {
        var config = Mixed(a: 1, b: 1);
        var little = config with { Data = config.Data with { Sources = [.. config.Data.Sources.Select(s => s with { MaxEpochs = 0.05 })] } };
        Assert.Contains("Training.Steps = 8", Assert.Throws<DataException>(() => TinyRun.Train(little)).Message, StringComparison.Ordinal);
    }

    private TrainConfig Mixed(double a, double b, params WeightChange[] changesOfA)
    {
        string first = Directory.Exists(folder["a"]) ? folder["a"] : TinyRun.Data(folder, "a"), second = Directory.Exists(folder["b"]) ? folder["b"] : TinyRun.Data(folder, "b", seed: 4);
        return TinyRun.Config("", folder["runs"]) with
        {
            Data = new() { Sources = [new() { Name = "a", Folder = first, Weight = a, Changes = changesOfA }, new() { Name = "b", Folder = second, Weight = b }] },
        };
    }
}
