namespace SparkTrain.Model.Tests;

public sealed class SparsitySinkTests
{
    [Fact]
    public void Counts_add_up_over_passes_until_reset_and_rest_while_not_recording()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var sparsity = new SparsitySink(2) { KeepsEveryQuery = true };
        using var model = TinyConfigs.Model(TinyConfigs.Of(FfnKind.Gated, AttentionKind.Dense), sparsity: sparsity);
        var tokens_BT = TinyConfigs.Tokens(model.Config, 3, 6);
        model.call(tokens_BT, null);
        model.call(tokens_BT, null);

        // 2 passes × 3 rows × 6 tokens × 12 neurons; every one of a plain gated FFN counts as active.
        Assert.Equal([432L, 432L], sparsity.Neurons.All);
        Assert.Equal([1.0, 1.0], sparsity.FfnActiveFraction());
        // 2 heads. Layer 0 sees at most 5 keys: 1 + 2 + 3 + 4 + 5 + 5 = 20 of 6 queries; layer 1 sees all: 21.
        Assert.Equal([72L, 72L], sparsity.Keys.Queries);
        Assert.Equal([20 / 6.0, 21 / 6.0], sparsity.AttentionKept());
        Assert.Equal([1, 2, 3, 4, 5, 5], sparsity.KeptByQuery(0)[1][..6]);

        sparsity.IsRecording = false;
        model.call(tokens_BT, null);
        Assert.Equal([432L, 432L], sparsity.Neurons.All);
        sparsity.Reset();
        Assert.Equal([0L, 0L], sparsity.Keys.Kept);
        Assert.All(sparsity.FfnActiveFraction(), fraction => Assert.True(double.IsNaN(fraction)));
        Assert.Empty(sparsity.KeptByQuery(0));
    }

    [Theory, InlineData(FfnKind.Spark), InlineData(FfnKind.GatedTopk)]
    public void A_limit_as_wide_as_the_ffn_counts_every_neuron(FfnKind kind)
    {
        using var scope = NewDisposeScope();
        var config = TinyConfigs.Of(kind, AttentionKind.Dense);
        config = config with { Ffn = config.Ffn with { Active = config.Ffn.DFf } };
        foreach (var dtype in (ScalarType[])[ScalarType.Float32, ScalarType.Float64])
        {
            var sparsity = new SparsitySink(2);
            using var model = TinyConfigs.Model(config, dtype, sparsity);
            model.call(TinyConfigs.Tokens(config, 1, 6), null);
            Assert.Equal([1.0, 1.0], sparsity.FfnActiveFraction());
        }
    }
}
