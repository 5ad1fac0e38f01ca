using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests;

/// <summary>The engine against numbers of an independent implementation (tests/goldens/README.md).</summary>
public sealed class GoldenTests
{
    private const double Tolerance = 2e-4;

    // Keys and values rounded to 8 bits of precision, in models of 8 numbers a head: an error of about 2⁻⁹ of each, behind logits of up to 30.
    private const double ToleranceOfBfloat16Cache = 0.05;

    public static TheoryData<string> Names => [.. Golden.Names];

    [Theory, MemberData(nameof(Names))]
    public void Logits_behind_every_token_equal_the_golden(string name)
    {
        using var golden = new Golden(name);
        using var engine = SparseEngine.Load(golden.Folder, new() { Threads = 2 });
        double deviation = golden.Sequences().Max(s => Decoding.Each(engine, s.Tokens).Select((logits, i) => Decoding.Largest(logits, Doubles(golden.Logits(s.Row, s.First + i)))).Max());
        Report(name, Tolerance, deviation);
    }

    [Theory, MemberData(nameof(Names))]
    public void Bfloat16_weights_cost_nothing_but_their_own_rounding(string name)
    {
        using var golden = new Golden(name);
        using var engine = SparseEngine.Load(golden.Folder, new() { Threads = 2, Weights = TensorType.BF16, Cache = TensorType.F32 });
        Report(name, Tolerance, LargestDeviation(engine, golden));
    }

    [Theory, MemberData(nameof(Names))]
    public void Bfloat16_keys_and_values_cost_what_is_documented(string name)
    {
        using var golden = new Golden(name);
        using var engine = SparseEngine.Load(golden.Folder, new() { Threads = 2, Weights = TensorType.BF16 });
        Report(name, ToleranceOfBfloat16Cache, LargestDeviation(engine, golden));
    }

    private static double LargestDeviation(SparseEngine engine, Golden golden)
    {
        using var weights = RandomWeights.Of(golden.Folder).RoundedTo(TensorType.BF16);
        var scalar = new ScalarModel(golden.Folder.Config, weights.Doubles());
        return golden.Sequences().Max(s => Decoding.Each(engine, s.Tokens).Zip(scalar.Logits([.. s.Tokens.Select(t => (long)t)], null), Decoding.Largest).Max());
    }

    private static double[] Doubles(ReadOnlySpan<float> row)
    {
        double[] doubles = new double[row.Length];
        for (int i = 0; i < row.Length; i++) doubles[i] = row[i];
        return doubles;
    }

    private static void Report(string golden, double tolerance, double deviation)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{golden}: {deviation:g2}");
        Assert.True(deviation <= tolerance, $"{golden}: deviates by {deviation:g3}, tolerance {tolerance:g3}");
    }
}
