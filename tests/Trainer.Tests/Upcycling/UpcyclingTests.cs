using CsCheck;
using SparkTrain.Kernels;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests.Upcycling;

/// <summary>What is re-allocated computes what it should, where that can be known exactly.</summary>
public sealed class UpcyclingTests
{
    private static readonly ModelConfig Dense = new()
    {
        VocabSize = 50, DModel = 16, NumLayers = 2, MaxSeqLen = 32,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 20 },
        Attention = new() { Kind = AttentionKind.Dense, NumHeads = 4, NumKvHeads = 2, HeadDim = 8, Window = 12 },
    };

    [Fact]
    public void The_spark_model_has_as_many_parameters()
    {
        var shape = SparkUpcycling.Shape(Dense, null, null, 0.1, 8);
        Assert.Equal(ParameterCount.Of(Dense), ParameterCount.Of(shape));
        Assert.Equal((30, 8, 3, 4, 8), (shape.Ffn.DFf, shape.Ffn.PredictorDim, shape.Ffn.Active, shape.Attention.PredictorDim, shape.Attention.Active));
        Assert.Throws<ModelFormatException>(() => SparkUpcycling.Shape(shape, null, null, 0.1, 8));
        Assert.Throws<ModelFormatException>(() => SparkUpcycling.Shape(Dense with { Ffn = new() { Kind = FfnKind.Gated, DFf = 21 } }, null, null, 0.1, 8));
    }

    [Fact]
    public void Half_a_head_gets_every_other_pair()
    {
        // Pairs of a dense head of 8: (0, 4) (1, 5) (2, 6) (3, 7). Pairs 0 and 2 go to the predictor's (0, 2) and (1, 3), pairs 1 and 3 to the rest's (4, 6) and (5, 7).
        Assert.Equal([0, 2, 4, 6, 1, 3, 5, 7], SparkUpcycling.HeadOrder(8, 4));
        foreach (var (head, predictor) in ((int, int)[])[(8, 2), (12, 4), (64, 32), (256, 128), (20, 14)])
            Assert.Equal(Enumerable.Range(0, head), SparkUpcycling.HeadOrder(head, predictor).Order());
    }

    [Fact]
    public void A_head_whose_odd_pairs_are_zero_attends_as_before_but_for_the_softplus_of_zero()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator(5);
        var shape = SparkUpcycling.Shape(Dense, null, null, 0.1, keys: 64);
        using var rotaryDense = new RotaryEmbedding(Dense.Attention, ScalarType.Float32, CPU);
        using var rotarySpark = new RotaryEmbedding(shape.Attention, ScalarType.Float32, CPU);
        using var dense = new Attention(Dense, 1, rotaryDense, new ComputeOptions());
        using var spark = new Attention(shape, 1, rotarySpark, new ComputeOptions());
        foreach (var (name, weight) in dense.named_parameters())
        {
            weight.copy_(randn(weight.shape, generator: generator) * 0.3);
            // Coordinates 1, 3, 5 and 7 of each head of queries and keys: pairs 1 and 3.
            if (name is "q_proj.weight" or "k_proj.weight") weight.view(-1, 4, 2, Dense.DModel)[.., .., 1].zero_();
        }
        long[] order = [.. SparkUpcycling.HeadOrder(8, 4).Select(i => (long)i)];
        foreach (var (name, weight) in spark.named_parameters())
        {
            var from = dense.get_parameter(name)!;
            weight.copy_(name is "q_proj.weight" or "k_proj.weight" ? from.view(-1, 8, Dense.DModel).index_select(1, tensor(order)).flatten(0, 1) : from);
        }
        var x_BTD = randn(2, 20, Dense.DModel, generator: generator);
        var context = new SequenceContext(null, null);
        // softplus(0) = ln 2 on every weight.
        var difference = (spark.call(x_BTD, context) - dense.call(x_BTD, context) * Math.Log(2)).abs().max().item<float>();
        Assert.InRange(difference, 0, 1e-4);
    }

    [Fact]
    public void Where_one_half_of_an_input_tells_the_other_the_restricted_map_loses_nothing() => Gen.Select(Gen.Int[2, 9], Gen.Int[1, 6], Gen.ULong).Sample((kept, rest, seed) =>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var q_NA = randn(300, kept, ScalarType.Float64, generator: generator);
        var q_ND = cat([q_NA, q_NA.mm(randn(kept, rest, ScalarType.Float64, generator: generator))], 1);
        var w_FD = randn(5, kept + rest, ScalarType.Float64, generator: generator);
        var restricted_FA = LeastSquares.Restrict(w_FD, q_ND.t().mm(q_ND) / 300, 0..kept);
        var (expected, actual) = (q_ND.mm(w_FD.t()), q_NA.mm(restricted_FA.t()));
        Assert.InRange((expected - actual).norm().item<double>() / expected.norm().item<double>(), 0, 0.02);
    }, iter: 30, threads: 1);

    [Fact]
    public void Without_moments_a_map_keeps_its_own_columns()
    {
        using var scope = NewDisposeScope();
        var w_FD = randn(3, 8);
        Assert.True(LeastSquares.Restrict(w_FD, null, 2..6).eq(w_FD[.., 2..6]).all().item<bool>());
    }

    [Fact]
    public void New_neurons_have_no_effect_at_first_and_all_other_weights_are_the_dense_ones()
    {
        using var scope = NewDisposeScope();
        using var dense = new Transformer(Dense, new ComputeOptions());
        WeightInit.Fill(dense, 3);
        using var spark = new Transformer(SparkUpcycling.Shape(Dense, null, null, 0.1, 8), new ComputeOptions());
        SparkUpcycling.Fill(spark, dense, null, 1);
        Tensor Weight(Transformer model, string name) => model.Weights.Single(w => w.Slot.Name == name).Weight;
        Assert.True(Weight(spark, "model.layers.1.mlp.down_proj.weight")[.., 20..].eq(0).all().item<bool>());
        Assert.True(Weight(spark, "model.layers.1.mlp.gate_proj.weight")[20..].ne(0).any().item<bool>());
        foreach (string name in (string[])["model.embed_tokens.weight", "model.layers.0.self_attn.v_proj.weight", "model.layers.1.self_attn.o_proj.weight"])
            Assert.True(Weight(spark, name).eq(Weight(dense, name)).all().item<bool>());
    }
}
