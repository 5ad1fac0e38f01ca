using SparkTrain.Inference.Tests.Reference;
using SparkTrain.Support;

namespace SparkTrain.Inference.Tests;

/// <summary>Whatever the configuration can say, the engine computes what the spec says.</summary>
public sealed class AnyConfigurationTests
{
    // A score that lies within rounding of its threshold may fall on either side of it; then two forms rightly differ.
    private const double MostBorderline = 0.1;

    private const double Float32Rounding = 6e-8, Int16Rounding = 2e-5;

    private static readonly Gen<(ModelConfig Config, int[] Tokens, int Seed, int Threads)> Problems =
        from config in AnyModel.Config from tokens in Gen.Int[0, config.VocabSize - 1].Array[1, 40] from seed in Gen.Int[0, 1 << 30] from threads in Gen.Int[1, 3]
        select (config, tokens, seed, threads);

    private int sequences, borderline;

    [Fact]
    public void Logits_equal_scalar_loops_in_float64() => Problems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        Check(p, weights, weights.Doubles(), Float32Rounding, new() { Threads = p.Threads });
    }, iter: 100, threads: 1);

    [Fact]
    public void Logits_of_an_8_bit_predictor_equal_scalar_loops_over_its_rounded_weights() => Problems.Sample(p =>
    {
        using var weights = new RandomWeights(p.Config, p.Seed);
        var values = weights.Doubles();
        for (int layer = 0; layer < p.Config.NumLayers; layer++)
            if (p.Config.Ffn.Of(layer) is var ffn && ffn.Kind.Traits().LeavesNeuronsOut) RoundRows(values[WeightNames.Layer(layer, "mlp.gate_proj")], ffn.DFf);
        Check(p, weights, values, Int16Rounding, new() { Threads = p.Threads, Int8Predictor = true });
    }, iter: 40, threads: 1);

    private void Check((ModelConfig Config, int[] Tokens, int Seed, int Threads) p, RandomWeights weights, Dictionary<string, double[]> values, double rounding, EngineOptions options)
    {
        long[] tokens = [.. p.Tokens.Select(t => (long)t)];
        var scalar = new ScalarModel(p.Config, values);
        double[][] expected = scalar.Logits(tokens, null);
        // The condition of the model: what weights that are off by a rounding change. Norms of two or three numbers may blow it up.
        var shaken = new ScalarModel(p.Config, Shaken(values, p.Seed, rounding));
        double condition = expected.Zip(shaken.Logits(tokens, null), (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max()).Max();

        using var engine = SparseEngine.Load(weights, options);
        engine.Activity = new();
        float[][] logits = Decoding.Each(engine, p.Tokens);
        if (IsBorderline(!shaken.Active.SequenceEqual(scalar.Active) || !shaken.Kept.SequenceEqual(scalar.Kept) || !IsAsActive(engine, scalar))) return;
        double scale = Math.Max(1, expected.Max(row => row.Max(Math.Abs))), tolerance = 2e-4 * scale + 30 * condition;
        double deviation = logits.Zip(expected, Decoding.Largest).Max();
        Assert.True(deviation <= tolerance, $"deviates by {deviation:g3}, tolerance {tolerance:g3}: {p.Config}");
    }

    // The engine does not count neurons where all are active.
    private static bool IsAsActive(SparseEngine engine, ScalarModel scalar) => engine.Activity!.Layers.SelectMany(layer => layer.Kept).SequenceEqual(scalar.Kept.Select(n => (long)n))
        && engine.Activity.Layers.Index().All(layer => !engine.Config.Ffn.Of(layer.Index).Kind.Traits().LeavesNeuronsOut
            || layer.Item.Active.SequenceEqual(scalar.Active.Skip(layer.Index * layer.Item.Active.Count).Take(layer.Item.Active.Count).Select(n => (long)n)));

    private static Dictionary<string, double[]> Shaken(Dictionary<string, double[]> values, int seed, double rounding)
    {
        var random = new Random(seed);
        return values.ToDictionary(v => v.Key, v => v.Value.Select(x => x * (1 + (2 * random.NextDouble() - 1) * rounding)).ToArray());
    }

    // Each row becomes whole numbers up to 127 times the row's scale.
    private static void RoundRows(double[] values, int rows)
    {
        int columns = values.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            double scale = values[(row * columns)..((row + 1) * columns)].Max(Math.Abs) / 127;
            for (int i = row * columns; i < (row + 1) * columns; i++) values[i] = Math.Round(values[i] / scale) * scale;
        }
    }

    private bool IsBorderline(bool differs)
    {
        sequences++;
        if (differs) borderline++;
        Assert.True(borderline <= 5 + MostBorderline * sequences, $"{borderline} of {sequences} sequences keep other entries than the reference");
        return differs;
    }
}
