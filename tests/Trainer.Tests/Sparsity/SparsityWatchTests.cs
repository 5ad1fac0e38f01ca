using System.Text.Json;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests.Sparsity;

public sealed class SparsityWatchTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_look_tells_every_number_by_layer_and_changes_nothing_of_the_training()
    {
        var watched = Config("watched", new() { AuditEverySteps = 4, AuditPositions = 8, AuditSamples = 4 });
        var unwatched = Config("unwatched", new() { AuditEverySteps = 0 });
        TinyRun.Train(watched);
        TinyRun.Train(unwatched);
        Assert.Equal(TinyRun.Weights(unwatched), TinyRun.Weights(watched));
        Assert.DoesNotContain(TinyRun.Metrics(unwatched), m => m.TryGetProperty("sparsity_audit", out _));
        var looks = TinyRun.Metrics(watched).Where(m => m.TryGetProperty("sparsity_audit", out _)).ToList();
        Assert.Equal([4L, 8], looks.Select(m => m.GetProperty("step").GetInt64()));
        var audit = looks[0].GetProperty("sparsity_audit");
        Assert.Equal(4 * 32, audit.GetProperty("tokens").GetInt64());
        foreach (string part in (string[])["ffn", "attention"])
            foreach (var numbers in audit.GetProperty(part).EnumerateObject())
            {
                Assert.Equal(2, numbers.Value.GetArrayLength());
                Assert.All(numbers.Value.EnumerateArray(), number => Assert.Equal(JsonValueKind.Number, number.ValueKind));
            }
        Assert.All(audit.GetProperty("ffn").GetProperty("topk_recall").EnumerateArray(), recall => Assert.InRange(recall.GetDouble(), 0.5, 1));
        Assert.All(audit.GetProperty("ffn_dead_fraction").EnumerateArray(), dead => Assert.InRange(dead.GetDouble(), 0, 0.9));
    }

    [Fact]
    public void Any_number_of_ranks_finds_the_same()
    {
        var config = Config("one", new() { AuditEverySteps = 8, AuditSamples = 8 });
        config = config with { Distributed = new() { Reduce = Distributed.ReduceOrder.SlotTree }, Training = config.Training with { Threads = 1 } };
        TinyRun.TrainOn(1, config);
        TinyRun.TrainOn(4, config with { Run = config.Run with { Name = "four" } });
        double[] Numbers(string name) => [.. Leaves(TinyRun.Metrics(config with { Run = config.Run with { Name = name } })[^1].GetProperty("sparsity_audit"))];
        Assert.All(Numbers("one").Zip(Numbers("four")), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    [Fact]
    public void Drift_beyond_the_limit_warns_once_after_the_looks_it_takes()
    {
        var events = new LogCollector();
        using var log = new LoggerConfiguration().WriteTo.Sink(events).CreateLogger();
        // Nobody keeps to within a millionth of the target.
        TinyRun.Train(Config("drifting", new() { AuditEverySteps = 1, MaxDrift = 1e-6, Patience = 3 }), log: log);
        var alarms = events.Events.Where(e => e.MessageTemplate.Text == TrainEvents.SparsityAlarm).ToList();
        Assert.Contains(alarms, e => e.RenderMessage().Contains("layer 0: ", StringComparison.Ordinal) && e.RenderMessage().Contains("are aimed at (MaxDrift 1E-06)", StringComparison.Ordinal));
        Assert.Equal("3", alarms[0].Properties["Step"].ToString());
        // 8 looks at 2 layers: only where a layer has hit the target in between may it be told again.
        Assert.InRange(alarms.Count, 2, 4);
    }

    [Fact]
    public void An_alarm_may_stop_the_run_and_its_numbers_are_in_the_metrics()
    {
        var config = Config("stopped", new() { AuditEverySteps = 2, MinPredictorRecall = 1, MaxDrift = null, Patience = 2, StopOnAlarm = true });
        string message = Assert.Throws<GuardException>(() => TinyRun.Train(config)).Message;
        Assert.StartsWith("step 4: layer 0: the predictor keeps", message, StringComparison.Ordinal);
        Assert.True(TinyRun.Metrics(config)[^1].TryGetProperty("sparsity_audit", out _));
    }

    [Fact]
    public void Dense_baselines_have_moments_and_no_recall()
    {
        var config = Config("dense", new() { AuditEverySteps = 8 });
        config = config with { Model = config.Model with { Ffn = new() { Kind = FfnKind.Gated, DFf = 64 }, Attention = config.Model.Attention with { Kind = AttentionKind.Dense, PredictorDim = 0, Active = 0 } } };
        TinyRun.Train(config);
        var ffn = TinyRun.Metrics(config)[^1].GetProperty("sparsity_audit").GetProperty("ffn");
        Assert.Equal(JsonValueKind.Null, ffn.GetProperty("topk_recall")[0].ValueKind);
        Assert.True(ffn.GetProperty("score_std")[0].GetDouble() > 0);
    }

    private TrainConfig Config(string name, SparsityConfig sparsity)
    {
        var config = TinyRun.Config(Directory.Exists(folder["data"]) ? folder["data"] : TinyRun.Data(folder), folder["runs"]);
        return config with { Run = config.Run with { Name = name }, Sparsity = sparsity };
    }

    private static IEnumerable<double> Leaves(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.Object => e.EnumerateObject().SelectMany(p => Leaves(p.Value)),
        JsonValueKind.Array => e.EnumerateArray().SelectMany(Leaves),
        JsonValueKind.Number => [e.GetDouble()],
        _ => [],
    };

}
