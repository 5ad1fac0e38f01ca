using SparkTrain.Inference.Tests.Reference;
using SparkTrain.Support;

namespace SparkTrain.Inference.Tests;

/// <summary>The edge rules of tests/goldens/README.md, in models built so that they decide.</summary>
public sealed class EdgeRuleTests
{
    private static readonly int[] Prompt = [7, 0, 70, 3, 3, 12, 41, 9, 22, 5, 5, 5];

    [Theory, InlineData(FfnKind.GatedTopk), InlineData(FfnKind.Spark)]
    public void Top_k_of_all_neurons_is_switched_off(FfnKind kind)
    {
        var config = Shapes.Of(kind, AttentionKind.Dense);
        using var weights = new RandomWeights(config with { Ffn = config.Ffn with { Active = config.Ffn.DFf } }, 1);
        AssertEqualsScalar(weights);
        if (kind == FfnKind.Spark) return;
        using var dense = new RandomWeights(Shapes.Of(FfnKind.Gated, AttentionKind.Dense), 1);
        AssertClose(Run(dense), Run(weights));
    }

    [Theory, InlineData(TopkSelector.Statistical), InlineData(TopkSelector.Exact)]
    public void Equal_scores_are_all_inactive_neurons(TopkSelector selector)
    {
        foreach (var kind in (FfnKind[])[FfnKind.GatedTopk, FfnKind.Spark])
        {
            var config = Shapes.Of(kind, AttentionKind.Spark) with { TopkSelector = selector };
            using var weights = new RandomWeights(config, 1);
            ForLayers(config, "mlp.gate_proj", name =>
            {
                float[] gate = weights[name];
                int width = gate.Length / config.Ffn.DFf;
                for (int i = width; i < gate.Length; i++) gate[i] = gate[i % width];
            });
            AssertNothingActive(weights);
        }
    }

    [Fact]
    public void Where_nothing_lies_above_the_threshold_no_neuron_is_active()
    {
        // Half of the scores are c, the other half −c: one deviation from the mean, where 9 of 100 would have to lie 1.34 away.
        using var weights = new RandomWeights(Shapes.Spark, 1);
        ForLayers(Shapes.Spark, "mlp.gate_proj", name =>
        {
            float[] gate = weights[name];
            int width = gate.Length / Shapes.Spark.Ffn.DFf;
            for (int i = width; i < gate.Length; i++) gate[i] = i / width % 2 == 0 ? gate[i % width] : -gate[i % width];
        });
        AssertNothingActive(weights);
    }

    [Fact]
    public void Neurons_without_a_score_are_inactive()
    {
        using var weights = new RandomWeights(Shapes.Spark, 1);
        ForLayers(Shapes.Spark, "mlp.gate_proj", name => Array.Clear(weights[name]));
        AssertNothingActive(weights);
    }

    [Theory, InlineData(AttentionKind.Topk), InlineData(AttentionKind.Spark)]
    public void Keys_of_equal_scores_are_all_kept(AttentionKind kind)
    {
        using var weights = new RandomWeights(Shapes.Of(FfnKind.Gated, kind), 1);
        ForLayers(weights.Config, "self_attn.q_proj", name => Array.Clear(weights[name]));
        AssertEqualsScalar(weights);
        // softplus(0) = ln 2 multiplies what Spark attention adds up; the norm behind it takes the factor out again, but for its epsilon.
        using var dense = new RandomWeights(Shapes.Of(FfnKind.Gated, AttentionKind.Dense), 1);
        ForLayers(dense.Config, "self_attn.q_proj", name => Array.Clear(dense[name]));
        AssertClose(Run(dense), Run(weights));
    }

    [Theory, InlineData(AttentionKind.Topk), InlineData(AttentionKind.Spark)]
    public void Where_no_key_lies_above_the_threshold_the_largest_ones_are_kept(AttentionKind kind)
    {
        // Token 1 is token 0 with the opposite sign, so scores are c or −c; heads see one coordinate that hardly turns. 3 of 40 keys would have to lie 1.4 deviations away.
        var config = Shapes.Spark with
        {
            NumLayers = 1, Ffn = new() { Kind = FfnKind.Gated, DFf = 100 },
            Attention = new() { Kind = kind, NumHeads = 2, NumKvHeads = 1, HeadDim = 8, PredictorDim = kind == AttentionKind.Spark ? 4 : 0, Active = 3, Window = 64, RopeTheta = 1e12 },
        };
        using var weights = new RandomWeights(config, 1);
        foreach (string name in (string[])["self_attn.q_proj", "self_attn.k_proj"])
        {
            float[] rows = weights[WeightNames.Layer(0, name)];
            for (int row = 0; row < rows.Length / config.DModel; row++)
                if (row % 8 != 1) Array.Clear(rows, row * config.DModel, config.DModel);
        }
        float[] table = weights[WeightNames.Embedding];
        for (int i = 0; i < config.DModel; i++) table[config.DModel + i] = -table[i];
        AssertEqualsScalar(weights, [.. Enumerable.Range(0, 40).Select(t => t % 2)]);
    }

    [Fact]
    public void A_sequence_may_be_one_token_long()
    {
        foreach (var ffn in Enum.GetValues<FfnKind>())
            foreach (var attention in Enum.GetValues<AttentionKind>())
            {
                using var weights = new RandomWeights(Shapes.Of(ffn, attention), 1);
                AssertEqualsScalar(weights, [3]);
                using var engine = SparseEngine.Load(weights, new() { Threads = 2 });
                using var sequence = engine.Begin(1);
                Decoding.Last(engine, sequence, [3]);
                Assert.Equal((1, 1), (sequence.Length, sequence.Capacity));
                Assert.ThrowsAny<ArgumentException>(() => Decoding.Last(engine, sequence, [3]));
                Assert.Equal(1, sequence.Length);
            }
    }

    [Fact]
    public void Spans_may_be_given_layer_by_layer()
    {
        var config = Shapes.Spark with { NumLayers = 4, Attention = Shapes.Spark.Attention with { Layers = [AttentionSpan.Global, AttentionSpan.Global, AttentionSpan.Local, AttentionSpan.Local] } };
        using var weights = new RandomWeights(config, 1);
        AssertEqualsScalar(weights);
    }

    [Theory, InlineData(AttentionKind.Dense), InlineData(AttentionKind.Topk), InlineData(AttentionKind.Spark)]
    public void Windows_move_on_over_sequences_of_many_times_their_length(AttentionKind kind)
    {
        using var weights = new RandomWeights(Shapes.Of(FfnKind.GatedRelu, kind), 1);
        AssertEqualsScalar(weights, [.. Enumerable.Range(0, 200).Select(t => t * t % Shapes.Spark.VocabSize)]);
    }

    [Fact]
    public void A_window_of_one_key_sees_only_itself()
    {
        foreach (var kind in Enum.GetValues<AttentionKind>())
        {
            var config = Shapes.Of(FfnKind.Spark, kind);
            using var weights = new RandomWeights(config with { Attention = config.Attention with { Window = 1, Layers = [AttentionSpan.Local, AttentionSpan.Local] } }, 1);
            AssertEqualsScalar(weights);
            using var engine = SparseEngine.Load(weights, new() { Threads = 1 });
            AssertClose(Decoding.Each(engine, [4]), Decoding.Each(engine, [1, 2, 3, 4])[3..]);
        }
    }

    private static void AssertNothingActive(RandomWeights weights)
    {
        float[][] logits = Run(weights);
        ForLayers(weights.Config, "mlp.down_proj", name => Array.Clear(weights[name]));
        Decoding.AssertSameBits(Run(weights), logits, $"{weights.Config.Ffn.Kind}");
    }

    private static void AssertEqualsScalar(RandomWeights weights, int[]? tokens = null)
    {
        tokens ??= Prompt;
        double[][] expected = new ScalarModel(weights.Config, weights.Doubles()).Logits([.. tokens.Select(t => (long)t)], null);
        double deviation = Run(weights, tokens).Zip(expected, Decoding.Largest).Max();
        Assert.True(deviation <= 2e-4, $"deviates by {deviation:g3}");
    }

    private static void AssertClose(float[][] expected, float[][] actual)
    {
        double deviation = actual.Zip(expected, (a, e) => Decoding.Largest(a, [.. e.Select(x => (double)x)])).Max();
        Assert.True(deviation <= 2e-4, $"deviates by {deviation:g3}");
    }

    private static float[][] Run(RandomWeights weights, int[]? tokens = null)
    {
        using var engine = SparseEngine.Load(weights, new() { Threads = 2 });
        return Decoding.Each(engine, tokens ?? Prompt);
    }

    private static void ForLayers(ModelConfig config, string weight, Action<string> change)
    {
        for (int layer = 0; layer < config.NumLayers; layer++) change(WeightNames.Layer(layer, weight));
    }
}
