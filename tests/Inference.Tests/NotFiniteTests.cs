using SparkTrain.Generation;
using SparkTrain.Inference.Tests.Reference;
using SparkTrain.Support;

namespace SparkTrain.Inference.Tests;

/// <summary>Weights that are no numbers show in the logits, end no thread, and stay with the sequence that meets them.</summary>
public sealed class NotFiniteTests
{
    private static readonly int[] Prompt = [7, 0, 70, 3, 3, 12, 41, 9, 22, 5, 5, 5];

    [Theory, MemberData(nameof(Shapes.Kinds), MemberType = typeof(Shapes))]
    public void A_weight_of_no_numbers_gives_no_number(FfnKind ffn, AttentionKind attention)
    {
        var config = Shapes.Of(ffn, attention) with { TopkSelector = ffn == FfnKind.GatedTopk ? TopkSelector.Exact : TopkSelector.Statistical };
        ForEachWeight(config, (weights, name) =>
        {
            Array.Fill(weights[name], float.NaN);
            using var engine = SparseEngine.Load(weights, new() { Threads = 2 });
            foreach (float[] row in Decoding.Each(engine, Prompt))
                Assert.True(row.All(x => !float.IsFinite(x)), $"{name} is NaN, {config.TopkSelector}: logits are {string.Join(", ", row.Take(5))}");
        });
    }

    [Theory, MemberData(nameof(Shapes.Kinds), MemberType = typeof(Shapes))]
    public void Any_entry_of_any_weight_may_be_no_number(FfnKind ffn, AttentionKind attention)
    {
        var random = new Random((int)ffn * 3 + (int)attention);
        ForEachWeight(Shapes.Of(ffn, attention), (weights, name) =>
        {
            float[] values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue];
            weights[name][random.Next(weights[name].Length)] = values[random.Next(4)];
            using var engine = SparseEngine.Load(weights, new() { Threads = 2, Weights = random.Next(2) == 0 ? TensorType.F32 : TensorType.BF16, Int8Predictor = random.Next(3) == 0, ScreenedTokens = random.Next(3) == 0 ? 5 : 0 });
            Assert.Equal(Prompt.Length, Decoding.Each(engine, Prompt).Length);
        });
    }

    [Theory, MemberData(nameof(Shapes.Kinds), MemberType = typeof(Shapes))]
    public void What_is_no_number_stays_in_its_sequence(FfnKind ffn, AttentionKind attention)
    {
        using var weights = new RandomWeights(Shapes.Of(ffn, attention), 1);
        int V = weights.Config.VocabSize, D = weights.Config.DModel, bad = 50;
        Array.Fill(weights[WeightNames.Embedding], float.NaN, bad * D, D);
        foreach (bool sparse in (bool[])[true, false])
        {
            using var engine = SparseEngine.Load(weights, new() { Threads = 2, Sparse = sparse });
            float[] expected = Decoding.Each(engine, Prompt)[^1];
            float[] logits = new float[3 * V];
            using (ITokenSequence first = engine.Begin(20), second = engine.Begin(20), third = engine.Begin(20))
            {
                engine.Append([new(first, Prompt), new(second, Enumerable.Repeat(bad, 20).ToArray()), new(third, Prompt)], logits);
                Decoding.AssertSameBits(expected, logits.AsSpan(0, V), "before it in the batch");
                Decoding.AssertSameBits(expected, logits.AsSpan(2 * V), "behind it in the batch");
                Assert.All(logits[V..(2 * V)], x => Assert.False(float.IsFinite(x)));
            }
            Decoding.AssertSameBits(expected, Decoding.Each(engine, Prompt)[^1], "in memory that it has left");
            using var sequence = engine.Begin(20);
            Decoding.Last(engine, sequence, [bad, bad, bad, bad, bad]);
            using var clean = engine.Begin(20);
            Decoding.AssertSameBits(expected, Decoding.Last(engine, clean, Prompt), "beside it in memory");
        }
    }

    private static void ForEachWeight(ModelConfig config, Action<RandomWeights, string> test)
    {
        using var weights = new RandomWeights(config, 1);
        foreach (var (name, _) in WeightSlots.Of(config))
        {
            float[] values = [.. weights[name]];
            test(weights, name);
            values.CopyTo(weights[name], 0);
        }
    }
}
