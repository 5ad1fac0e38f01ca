using System.Globalization;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>Each key of the configuration may change on resume, or may not, as docs/checkpoints.md says.</summary>
public sealed class ConfigChangeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_key_may_change_or_not_as_the_documentation_says()
    {
        var documented = Documented();
        var saved = TrainState.ConfigJson(Config());
        foreach (string key in Keys(saved))
        {
            var row = documented.Where(row => key == row.Key || key.StartsWith(row.Key + ".", StringComparison.Ordinal)).MaxBy(row => row.Key.Length);
            Assert.True(row.Key is not null, $"docs/checkpoints.md does not say whether {key} may change");
            var current = (JsonObject)saved.DeepClone();
            var (before, now) = Change(current, key);
            Assert.Equal((key, row.MayChange ? [] : [$"{key} was {before}, is {now}"]), (key, ConfigChange.Forbidden(saved, current)), Same);
        }
    }

    [Fact]
    public void Threads_may_not_change_where_the_bits_of_matrix_products_are_promised()
    {
        var fast = Config() with { Training = Config().Training with { Threads = 1 } };
        var tree = fast with { Distributed = new() { Reduce = Distributed.ReduceOrder.SlotTree } };
        Assert.Empty(Forbidden(fast, c => c with { Training = c.Training with { Threads = 2 } }));
        Assert.Equal(["Training.Threads was 1, is 2"], Forbidden(tree, c => c with { Training = c.Training with { Threads = 2 } }));
    }

    [Fact]
    public void The_slots_of_a_tree_may_not_change_however_they_are_stated()
    {
        // 256 tokens a step, micro-batches of 2 × 32: 4 slots.
        var tree = Config() with { Distributed = new() { Reduce = Distributed.ReduceOrder.SlotTree } };
        TrainConfig With(int microBatch, int? slots) => tree with { Training = tree.Training with { MicroBatch = microBatch }, Distributed = tree.Distributed with { Slots = slots } };
        Assert.Empty(Forbidden(tree, _ => With(2, 4)));
        Assert.Empty(Forbidden(tree, _ => With(8, 4)));
        Assert.Equal(["Distributed.Slots was 4, is 8"], Forbidden(tree, _ => With(1, null)));
        Assert.Equal(["Distributed.Slots was 4, is 2"], Forbidden(tree, _ => With(4, 2)));
        // Checkpoints of versions without the key.
        var old = TrainState.ConfigJson(tree);
        old["Distributed"]!.AsObject().Remove("Slots");
        Assert.Empty(ConfigChange.Forbidden(old, TrainState.ConfigJson(With(8, 4))));
        // Another order of sums has other bits in any case.
        Assert.Empty(Forbidden(Config(), _ => With(1, 8)));
    }

    [Fact]
    public void A_key_that_is_younger_than_the_checkpoint_had_its_default()
    {
        var saved = TrainState.ConfigJson(Config());
        foreach (string key in (string[])["Sources", "PrefetchBatches", "MaskDocuments"]) saved["Data"]!.AsObject().Remove(key);
        Assert.Empty(ConfigChange.Forbidden(saved, TrainState.ConfigJson(Config())));
        Assert.Equal(["Data.MaskDocuments was true, is false"], ConfigChange.Forbidden(saved, TrainState.ConfigJson(Config() with { Data = Config().Data with { MaskDocuments = false } })));
    }

    [Fact]
    public void Of_mixed_datasets_names_and_places_may_change_and_weights_only_on_purpose()
    {
        var mixed = Config() with { Data = new() { Sources = [new() { Name = "a", Folder = "x" }, new() { Name = "b", Folder = "y" }] } };
        Assert.Empty(Forbidden(mixed, c => With(c, c.Data.Sources[0] with { Name = "c", Folder = "z" })));
        const string Before = """Data.Sources was [{"Weight":1,"MaxEpochs":null,"Changes":[]},{"Weight":1,"MaxEpochs":null,"Changes":[]}], is """;
        Assert.Equal([Before + """[{"Weight":2,"MaxEpochs":null,"Changes":[]},{"Weight":1,"MaxEpochs":null,"Changes":[]}]"""], Forbidden(mixed, c => With(c, c.Data.Sources[0] with { Weight = 2 })));
        Assert.Empty(ConfigChange.Forbidden(TrainState.ConfigJson(mixed), TrainState.ConfigJson(With(mixed, mixed.Data.Sources[0] with { Weight = 2 })), allowNewData: true));

        static TrainConfig With(TrainConfig config, DataSourceConfig first) => config with { Data = config.Data with { Sources = [first, config.Data.Sources[1]] } };
    }

    [Fact]
    public void A_run_with_another_configuration_is_refused_with_every_key_and_both_values_and_nothing_is_changed()
    {
        var config = Config() with { Data = new() { Folder = TinyRun.Data(folder) } };
        TinyRun.Train(config);
        string[] before = Files();
        var other = config with
        {
            Run = config.Run with { Seed = 9 },
            Training = config.Training with { GlobalBatchTokens = 512, Steps = 6 },
            Optimizer = new() { WeightDecay = 0.5 },
            Model = config.Model with { MaxSeqLen = 40 },
        };
        string message = Assert.Throws<CheckpointException>(() => TinyRun.Train(other)).Message;
        foreach (string line in (string[])["Run.Seed was 1, is 9", "Training.GlobalBatchTokens was 256, is 512", "Optimizer.WeightDecay was 0.1, is 0.5", "Model.MaxSeqLen was 48, is 40", "Training.Steps is 6, the checkpoint is at step 8"])
            Assert.Contains("\n    " + line, message, StringComparison.Ordinal);
        Assert.Contains("\n  do: restore them, or choose another Run.Name to begin anew", message, StringComparison.Ordinal);
        Assert.Equal(before, Files());
    }

    private TrainConfig Config() => TinyRun.Config(folder["data"], folder["runs"]);

    private string[] Files() => [.. Directory.GetFiles(folder["runs"], "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where(file => !file.EndsWith("run.id", StringComparison.Ordinal)).Select(file => $"{file} {File.GetLastWriteTimeUtc(file).Ticks}")];

    private static IReadOnlyList<string> Forbidden(TrainConfig saved, Func<TrainConfig, TrainConfig> change) => ConfigChange.Forbidden(TrainState.ConfigJson(saved), TrainState.ConfigJson(change(saved)));

    private static bool Same((string Key, IReadOnlyList<string> Problems) a, (string Key, IReadOnlyList<string> Problems) b) => a.Key == b.Key && a.Problems.SequenceEqual(b.Problems);

    private static IEnumerable<string> Keys(JsonObject section, string prefix = "") =>
        section.SelectMany(entry => entry.Value is JsonObject inner ? Keys(inner, $"{prefix}{entry.Key}.") : [prefix + entry.Key]);

    // Another value of the key, whatever it means; returns both as messages write them.
    private static (string Before, string Now) Change(JsonObject root, string key)
    {
        string[] path = key.Split('.');
        var section = path[..^1].Aggregate(root, (at, name) => at[name]!.AsObject());
        string before = section[path[^1]]?.ToJsonString() ?? "null";
        section[path[^1]] = before switch
        {
            "true" => false,
            "false" => true,
            _ when double.TryParse(before, CultureInfo.InvariantCulture, out double number) => number + 1,
            _ => "another",
        };
        return (before, section[path[^1]]!.ToJsonString());
    }

    // Rows of the table: | `Key`, `Key` | may change: yes or no … |
    private static List<(string Key, bool MayChange)> Documented([System.Runtime.CompilerServices.CallerFilePath] string here = "")
    {
        string text = File.ReadAllText(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "docs", "checkpoints.md")));
        string section = text[text.IndexOf("## What may change on resume", StringComparison.Ordinal)..];
        return
        [
            .. section.Split('\n').Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
                .SelectMany(cells => cells[1].Split(',', StringSplitOptions.TrimEntries).Select(key => (key.Trim('`'), cells[2].StartsWith("yes", StringComparison.Ordinal)))),
        ];
    }
}
