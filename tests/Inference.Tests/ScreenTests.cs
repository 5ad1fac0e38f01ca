using SparkTrain.Inference.Tests.Reference;
using SparkTrain.Support;

namespace SparkTrain.Inference.Tests;

/// <summary>A screen over the vocabulary leaves the largest logits as they are without it, and puts no other above them.</summary>
public sealed class ScreenTests
{
    private static readonly ModelConfig Config = Shapes.Spark with { VocabSize = 2000, FinalLogitSoftcap = null };

    [Fact]
    public void Of_any_model() => (from config in AnyModel.WideConfig from tokens in Gen.Int[0, config.VocabSize - 1].Array[1, 20] from kept in Gen.Int[1, 50] from seed in Gen.Int[0, 1 << 30] from narrow in Gen.Bool select (config, tokens, kept, seed, narrow)).Sample(p =>
    {
        using var weights = new RandomWeights(p.config, p.seed);
        AssertSameLargest(weights, p.tokens, p.kept, new() { Threads = 1 + p.seed % 2, Weights = p.narrow ? TensorType.BF16 : null });
    }, iter: 40, threads: 1);

    [Theory, InlineData(1), InlineData(7), InlineData(40), InlineData(1999), InlineData(2000), InlineData(5000), InlineData(int.MaxValue)]
    public void Of_a_large_vocabulary(int kept)
    {
        using var weights = new RandomWeights(Config, 1);
        AssertSameLargest(weights, Prompt, kept);
    }

    [Fact]
    public void Of_rows_that_are_equal() => Changed((table, row) => Row(table, row / 100 * 100).CopyTo(Row(table, row)));

    [Fact]
    public void Of_rows_that_are_all_equal() => Changed((table, row) => Row(table, 0).CopyTo(Row(table, row)));

    [Fact]
    public void Of_one_huge_row() => Changed((table, row) => Scale(Row(table, row), row == 1234 ? 1e4f : 1));

    [Fact]
    public void Of_rows_of_all_sizes() => Changed((table, row) => Scale(Row(table, row), MathF.Pow(10, row % 13 - 8)));

    [Fact]
    public void Of_rows_of_one_large_entry() => Changed((table, row) => Row(table, row)[row % Config.DModel] *= 1000);

    [Fact]
    public void Of_rows_of_zeros() => Changed((table, row) => Scale(Row(table, row), row % 3 == 0 ? 1 : 0));

    [Fact]
    public void Of_nothing_but_zeros() => Changed((table, row) => Scale(Row(table, row), 0));

    [Fact]
    public void Of_rows_that_differ_by_less_than_eight_bits_tell() => Changed((table, row) =>
    {
        Row(table, 0).CopyTo(Row(table, row));
        Row(table, row)[row % Config.DModel] += 1e-4f * row / 2000;
    });

    [Fact]
    public void Of_rows_that_float32_can_hardly_hold() => Changed((table, row) => Scale(Row(table, row), row % 2 == 0 ? 1e-38f : 1e-30f));

    [Fact]
    public void Behind_a_cap()
    {
        using var weights = new RandomWeights(Config with { FinalLogitSoftcap = 3 }, 1);
        AssertSameLargest(weights, Prompt, 10);
    }

    // Far out on the cap's plateau, logits that are not among the largest come out as large: only the values can be compared.
    [Fact]
    public void Behind_a_cap_that_makes_the_largest_ones_equal()
    {
        using var weights = new RandomWeights(Config with { FinalLogitSoftcap = 0.01 }, 1);
        using var exact = SparseEngine.Load(weights, new() { Threads = 2 });
        using var screened = SparseEngine.Load(weights, new() { Threads = 2, ScreenedTokens = 10 });
        foreach (var (expected, actual) in Decoding.Each(exact, Prompt).Zip(Decoding.Each(screened, Prompt)))
            Decoding.AssertSameBits([.. expected.OrderDescending().Take(10)], [.. actual.OrderDescending().Take(10)], "the largest");
    }

    private static int[] Prompt => [7, 0, 70, 3, 3, 1234, 41, 9, 22, 5, 1999];

    private static Span<float> Row(float[] table, int row) => table.AsSpan(row * Config.DModel, Config.DModel);

    private static void Scale(Span<float> row, float factor)
    {
        for (int i = 0; i < row.Length; i++) row[i] *= factor;
    }

    private static void Changed(Action<float[], int> change)
    {
        using var weights = new RandomWeights(Config, 1);
        for (int row = 0; row < Config.VocabSize; row++) change(weights[WeightNames.Embedding], row);
        foreach (int kept in (int[])[1, 20]) AssertSameLargest(weights, Prompt, kept);
    }

    private static void AssertSameLargest(RandomWeights weights, int[] tokens, int kept, EngineOptions? options = null)
    {
        options ??= new() { Threads = 1 };
        using var exact = SparseEngine.Load(weights, options);
        using var screened = SparseEngine.Load(weights, options with { ScreenedTokens = kept });
        var pairs = Decoding.Each(exact, tokens).Zip(Decoding.Each(screened, tokens));
        foreach (var (expected, actual) in pairs)
        {
            float least = expected.OrderDescending().ElementAt(Math.Min(kept, expected.Length) - 1);
            for (int v = 0; v < expected.Length; v++)
                if (expected[v] >= least) Assert.True(BitConverter.SingleToUInt32Bits(expected[v]) == BitConverter.SingleToUInt32Bits(actual[v]), $"logit {v}, one of the {kept} largest, is {actual[v]:g9} instead of {expected[v]:g9}");
                else Assert.True(actual[v] < least, $"logit {v} is {actual[v]:g9}; without a screen it is {expected[v]:g9}, below the {kept} largest from {least:g9}");
        }
        Decoding.AssertSameBits(Decoding.OneByOne(screened, tokens), Decoding.Each(screened, tokens), "in one piece");
    }
}
