using System.Runtime.CompilerServices;
using SparkTrain.Distributed;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests.Tracing;

/// <summary>Traces of real runs, one of which is stopped.</summary>
public sealed class RunTraceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    // 8 samples a step of 8 micro-batches; buckets of one cell, so that every rank has shards of several.
    public RunTraceTests()
    {
        var tiny = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);
        config = tiny with
        {
            Training = tiny.Training with { MicroBatch = 1, Threads = 1 },
            Distributed = new() { Reduce = ReduceOrder.SlotTree, BucketMegabytes = 0.1, Overlap = Toggle.Off },
            Logging = tiny.Logging with { Trace = true },
        };
    }

    public void Dispose() => folder.Dispose();

    // python3: hash(p, c) = sha256(struct.pack('<q', p) + c)[:8]; hash(0, b'abc') = f3652e4c…, hash(7, b'def') = c2949636…
    [Fact]
    public void A_hash_sum_is_of_places_and_contents_in_any_order()
    {
        Assert.Equal("f3652e4ce938bb99", Hash((0, "abc")));
        Assert.Equal("b5f9c483333c31bd", Hash((0, "abc"), (7, "def")));
        Assert.Equal("b5f9c483333c31bd", Hash((7, "def"), (0, "abc")));
        Assert.NotEqual(Hash((7, "abc"), (0, "def")), Hash((0, "abc"), (7, "def")));

        static string Hash(params (long Place, string Content)[] contents)
        {
            using var hash = new HashSum();
            // As if every content came from a rank of its own.
            var sum = new double[HashSum.Parts];
            foreach (var (place, content) in contents)
            {
                var parts = new double[HashSum.Parts];
                hash.Add(place, System.Text.Encoding.ASCII.GetBytes(content));
                hash.MoveTo(parts);
                for (int i = 0; i < parts.Length; i++) sum[i] += parts[i];
            }
            return HashSum.Text(sum);
        }
    }

    [Theory]
    [InlineData(1, 1, Toggle.Auto)]
    [InlineData(1, 2, Toggle.Auto)]
    [InlineData(4, 1, Toggle.Off)]
    public void A_resumed_run_leaves_the_trace_of_the_unbroken_one_on_any_ranks(int before, int after, Toggle shardOptimizer)
    {
        TinyRun.TrainOn(1, config);
        var broken = Named("broken") with { Distributed = config.Distributed with { ShardOptimizer = shardOptimizer } };
        TinyRun.TrainOn(before, broken, until: 5);
        Assert.Equal([1, 2, 3, 4, 5], Trace(broken).Select(line => line.Step));
        // As if it had been killed after a later step: what was made after the checkpoint is dropped, and made again.
        File.AppendAllText(FolderOf(broken).TraceFile, File.ReadLines(FolderOf(config).TraceFile).ElementAt(5) + "\n{\"step\":7,\"lo");
        TinyRun.TrainOn(after, broken);
        Assert.Equal(File.ReadAllText(FolderOf(config).TraceFile), File.ReadAllText(FolderOf(broken).TraceFile));
        Assert.All(Compare(config, broken, comparesBits: true), agreement => Assert.Null(agreement.Difference));
    }

    [Fact]
    public void The_samples_are_those_that_the_cursor_counts()
    {
        TinyRun.Train(config);
        Assert.All(Trace(config), line => Assert.Equal(Enumerable.Range(8 * ((int)line.Step - 1), 8).Select(sample => (long)sample), line.Samples));
        Assert.Equal(TinyRun.Losses(config).Skip(1), Trace(config).Select(line => (double?)line.Loss));
    }

    [Fact]
    public void Runs_of_two_seeds_read_the_same_places_of_an_order_but_other_tokens_and_have_other_weights()
    {
        var other = Named("other") with { Run = config.Run with { Name = "other", Seed = 2 } };
        TinyRun.Train(config);
        TinyRun.Train(other);
        var agreements = Compare(config, other, comparesBits: true);
        Assert.Equal([("samples", true), ("tokens", false), ("losses", false), ("moments", false), ("weights", false), ("validation", false), ("cursor", true), ("tensors", false)],
            agreements.Select(agreement => (agreement.Aspect, agreement.Difference is null)));
        // The first of their names in alphabetical order; the norms' weights begin equal.
        Assert.StartsWith("model.embed_tokens.weight, element ", agreements[^1].Difference!.What, StringComparison.Ordinal);
        Assert.Equal(["samples", "tokens", "cursor"], Compare(config, other, comparesBits: false).Select(agreement => agreement.Aspect));
    }

    [Fact]
    public void A_run_that_lags_behind_has_another_cursor()
    {
        TinyRun.Train(config);
        var other = Named("other") with { Training = config.Training with { GlobalBatchTokens = 128 } };
        TinyRun.Train(other);
        var cursor = Compare(config, other, comparesBits: false).Single(agreement => agreement.Aspect == "cursor").Difference!;
        Assert.Equal(("step 8, 2048 tokens, next sample 64", "step 8, 1024 tokens, next sample 32"), (cursor.Expected, cursor.Found));
    }

    [Fact]
    public void Without_Logging_Trace_there_is_none()
    {
        TinyRun.Train(config with { Logging = config.Logging with { Trace = false } }, until: 1);
        Assert.False(File.Exists(FolderOf(config).TraceFile));
    }

    [Fact]
    public void Every_key_is_explained_in_the_documentation()
    {
        TinyRun.Train(config, until: 1);
        string documentation = File.ReadAllText(Path.Combine(Repository(), "docs", "metrics.md"));
        foreach (var key in System.Text.Json.JsonDocument.Parse(File.ReadAllText(FolderOf(config).TraceFile)).RootElement.EnumerateObject())
            Assert.Contains($"`{key.Name}`", documentation, StringComparison.Ordinal);
    }

    private TrainConfig Named(string name) => config with { Run = config.Run with { Name = name } };

    private static RunFolder FolderOf(TrainConfig config) => RunFolder.Of(config.Run);

    private static IReadOnlyList<StepTrace> Trace(TrainConfig config) => StepTrace.Read(FolderOf(config).TraceFile);

    private static IReadOnlyList<RunAgreement> Compare(TrainConfig expected, TrainConfig found, bool comparesBits) => RunComparison.Of(FolderOf(expected), FolderOf(found), 8, comparesBits);

    private static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
