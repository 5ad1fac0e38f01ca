using SparkTrain.Support;

namespace SparkTrain.Model.Tests;

public sealed class WeightInitTests
{
    private static readonly ModelConfig Config = new()
    {
        VocabSize = 500, DModel = 64, NumLayers = 3, MaxSeqLen = 64,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 1024, PredictorDim = 24, Active = 82 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 4, NumKvHeads = 2, HeadDim = 16, PredictorDim = 8, Active = 8, Window = 32 },
    };

    [Fact]
    public void Eight_percent_of_the_neurons_are_active_in_every_layer()
    {
        // spec section 8 (c): scores of a random K1 are exactly Gaussian; ±0.7 % allows for rows that share one K1.
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var sparsity = new SparsitySink(Config.NumLayers);
        using var model = TinyConfigs.Model(Config, sparsity: sparsity);
        model.call(TinyConfigs.Tokens(Config, 2, 64), null);
        Assert.All(sparsity.FfnActiveFraction(), fraction => Assert.InRange(fraction, 0.073, 0.087));
    }

    [Fact]
    public void Matrices_have_variance_one_over_their_inputs_and_norms_are_zero()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(Config);
        foreach (var (slot, weight) in model.Weights)
        {
            double largest = weight.abs().max().item<float>();
            if (weight.dim() == 1)
            {
                Assert.Equal(0, largest);
                continue;
            }
            double unit = 1 / Math.Sqrt(slot.Role switch { WeightRole.FfnGate => 24, WeightRole.FfnUp => 40, WeightRole.FfnDown => 1024, _ => 64 });
            double deviation = weight.square().mean().sqrt().item<float>();
            Assert.InRange(deviation / unit, 0.93, 1.07);
            Assert.InRange(largest / unit, 2.0, 3.05); // cut at 3 before the variance is put right
        }
    }

    [Fact]
    public void The_first_loss_is_near_the_logarithm_of_the_vocabulary()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(Config);
        var (nats, targets) = model.Loss(TinyConfigs.Tokens(Config, 4, 64));
        Assert.InRange(nats.item<float>() / targets, Math.Log(500), Math.Log(500) + 1);
    }

    [Fact]
    public void A_weight_depends_on_the_seed_and_its_name_only()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(Config, seed: 5);
        using var again = TinyConfigs.Model(Config, seed: 5);
        using var deeper = TinyConfigs.Model(Config with { NumLayers = 5 }, seed: 5);
        using var other = TinyConfigs.Model(Config, seed: 6);
        var ofDeeper = deeper.Weights.ToDictionary(w => w.Slot.Name, w => w.Weight);
        for (int i = 0; i < model.Weights.Count; i++)
        {
            var (slot, weight) = model.Weights[i];
            Assert.True(weight.eq(again.Weights[i].Weight).all().item<bool>());
            Assert.True(weight.eq(ofDeeper[slot.Name]).all().item<bool>());
            if (weight.dim() == 2) Assert.False(weight.eq(other.Weights[i].Weight).any().item<bool>() && weight.eq(other.Weights[i].Weight).all().item<bool>());
        }
        Assert.False(ofDeeper[WeightNames.Layer(0, "self_attn.q_proj")].eq(ofDeeper[WeightNames.Layer(1, "self_attn.q_proj")]).all().item<bool>());
    }
}
