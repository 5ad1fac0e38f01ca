using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests;

/// <summary>The engine against numbers of an independent implementation (tests/goldens/README.md).</summary>
public sealed class GoldenTests
{
    private const double Tolerance = 2e-4;

    // A key or value midway between two bfloat16 numbers may become either of them.
    private const double ToleranceOfRoundedCache = 2e-3;

    // What a bfloat16 cache may cost: on the average of all logits, and the one most off. In these models of 8 numbers a head a kept key more or less shows.
    private const double MostOnAverage = 0.02, MostOfDenseAttention = 0.05, MostOfKeptKeys = 0.6;

    public static TheoryData<string> Names => [.. Golden.Names];

    [Theory, MemberData(nameof(Names))]
    public void Logits_behind_every_token_equal_the_golden(string name)
    {
        using var golden = new Golden(name);
        using var engine = SparseEngine.Load(golden.Folder, new() { Threads = 2 });
        foreach (var (row, first, tokens) in golden.Sequences())
        {
            float[][] logits = Decoding.Each(engine, tokens);
            for (int t = 0; t < tokens.Length; t++) AssertWithin(Tolerance, Decoding.Largest(logits[t], Doubles(golden.Logits(row, first + t))), $"{name}, row {row}, token {first + t}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Active_fractions_and_kept_keys_are_equal(string name)
    {
        using var golden = new Golden(name);
        using var engine = SparseEngine.Load(golden.Folder, new() { Threads = 2 });
        var (config, active, tokens) = (golden.Folder.Config, new long[golden.Folder.Config.NumLayers], 0L);
        foreach (var sequence in golden.Sequences())
        {
            engine.Activity = new();
            Decoding.Each(engine, sequence.Tokens);
            tokens += sequence.Tokens.Length;
            foreach (var (layer, counts) in engine.Activity.Layers.Index())
            {
                active[layer] += counts.Active.Sum();
                foreach (var (t, kept) in counts.Kept.Chunk(config.Attention.NumHeads).Index())
                    if (golden.Kept(layer, sequence.Row, sequence.First + t) is { } expected) Assert.Equal(expected, kept.Select(n => (int)n));
            }
        }
        if (golden.ActiveFraction() is { } fraction) Assert.Equal(fraction, active.Select((n, layer) => (float)((double)n / tokens / config.Ffn.Of(layer).DFf)));
    }

    [Theory, MemberData(nameof(Names))]
    public void Bfloat16_weights_cost_nothing_but_their_own_rounding(string name)
    {
        var (largest, _) = Deviation(name, new() { Weights = TensorType.BF16, Cache = TensorType.F32 }, x => x);
        AssertWithin(Tolerance, largest, name);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_bfloat16_cache_costs_nothing_but_its_own_rounding(string name)
    {
        var (largest, _) = Deviation(name, new() { Weights = TensorType.BF16 }, x => RandomWeights.Rounded((float)x, TensorType.BF16));
        AssertWithin(ToleranceOfRoundedCache, largest, name);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_bfloat16_cache_moves_logits_by_no_more_than_is_documented(string name)
    {
        var (largest, mean) = Deviation(name, new() { Weights = TensorType.BF16 }, x => x);
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: largest {largest:g2}, mean {mean:g2}");
        AssertWithin(MostOnAverage, mean, $"{name} on average");
        AssertWithin(name is "gemma2-tiny" or "relu2-gated" ? MostOfDenseAttention : MostOfKeptKeys, largest, name);
    }

    // The engine's distance from scalar loops over the same rounded matrices: the largest, and the mean.
    private static (double Largest, double Mean) Deviation(string name, EngineOptions options, Func<double, double> cached)
    {
        using var golden = new Golden(name);
        using var engine = SparseEngine.Load(golden.Folder, options with { Threads = 2 });
        using var weights = RandomWeights.Of(golden.Folder).RoundedTo(TensorType.BF16, norms: false);
        var scalar = new ScalarModel(golden.Folder.Config, weights.Doubles()) { Cached = cached };
        double[] distances = [.. golden.Sequences().SelectMany(s => Decoding.Each(engine, s.Tokens).Zip(scalar.Logits([.. s.Tokens.Select(t => (long)t)], null), (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)))).SelectMany(d => d)];
        return (distances.Max(), distances.Average());
    }

    private static double[] Doubles(ReadOnlySpan<float> row)
    {
        double[] doubles = new double[row.Length];
        for (int i = 0; i < row.Length; i++) doubles[i] = row[i];
        return doubles;
    }

    private static void AssertWithin(double tolerance, double deviation, string what) => Assert.True(deviation <= tolerance, $"{what}: deviates by {deviation:g3}, tolerance {tolerance:g3}");
}
