using SparkTrain.Model.Tests.Reference;

namespace SparkTrain.Model.Tests.Auditing;

/// <summary>A model whose activity is known is described as what it is.</summary>
public sealed class SparsityAuditTests : IClassFixture<OneThread>
{
    [Fact]
    public void Dead_and_always_active_neurons_are_found()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var config = TinyConfigs.Of(FfnKind.GatedRelu, AttentionKind.Dense) with { NumLayers = 1 };
        var audit = new SparsityAudit(config, positions: 5) { IsRecording = true };
        using var model = Model(config, audit);
        // A neuron's score is its row times the normed input: rows of 0 are never above 0.
        var k1 = model.Weights.Single(w => w.Slot.Role == WeightRole.FfnGate).Weight;
        k1[..4] = 0;
        model.Observe(TinyConfigs.Tokens(config, 2, 20), null);
        Assert.Equal(40, audit.Tokens);
        Assert.Equal([0, 0, 0, 0], audit.NeuronUses[0][..4]);
        Assert.All(audit.NeuronUses[0][4..], uses => Assert.InRange(uses, 1, 39));
    }

    [Theory]
    [InlineData(FfnKind.Spark, AttentionKind.Spark)]
    [InlineData(FfnKind.GatedTopk, AttentionKind.Topk)]
    public void Recall_is_that_of_sorting_by_hand(FfnKind ffn, AttentionKind attention)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var config = TinyConfigs.Of(ffn, attention) with { NumLayers = 1 };
        var audit = new SparsityAudit(config, positions: 20) { IsRecording = true };
        var sparsity = new SparsitySink(1) { KeepsEveryQuery = true };
        using var model = Model(config, audit, sparsity);
        model.Observe(TinyConfigs.Tokens(config, 2, 20), null);

        // Every token was looked at, so what the kernel counted and what the audit counted are the same.
        Assert.Equal(sparsity.Neurons.Active[0], audit.NeuronUses[0].Sum());
        double[] kept = [.. sparsity.KeptByQuery(0).Single().Select(k => (double)k)];
        // Queries 3 and later of 20 see more than k = 3 keys (the window holds 5); both choices are thresholds on one score, so recall is min(kept, k)/k.
        double[] choosing = [.. kept.Where((_, i) => i % 20 >= 3)];
        Assert.Equal(choosing.Average(k => Math.Min(k, 3) / 3), audit.Attention[0].TopkRecall!.Value, 12);
        Assert.Equal(kept.Order().ElementAt((int)(0.95 * kept.Length) - 1), audit.Attention[0].KeptPercentile(0.95));
        Assert.Equal(attention == AttentionKind.Spark, audit.Attention[0].PredictorRecall is not null);
        Assert.InRange(audit.Ffn[0].PredictorRecall!.Value, 0.1, 1);
    }

    [Fact]
    public void A_pass_that_is_looked_at_computes_what_it_always_computes()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var audit = new SparsityAudit(TinyConfigs.Spark, positions: 7);
        using var model = Model(TinyConfigs.Spark, audit);
        var tokens_BT = TinyConfigs.Tokens(TinyConfigs.Spark, 2, 20);
        var before_BTV = model.call(tokens_BT, null);
        Assert.Equal(0, audit.Tokens);
        audit.IsRecording = true;
        Assert.True(before_BTV.eq(model.call(tokens_BT, null)).all().item<bool>());
        Assert.Equal(40, audit.Tokens);
    }

    private static Transformer Model(ModelConfig config, SparsityAudit audit, SparsitySink? sparsity = null)
    {
        var model = new Transformer(config, new ComputeOptions { Audit = audit, Sparsity = sparsity });
        WeightInit.Fill(model, 1);
        return model;
    }
}
