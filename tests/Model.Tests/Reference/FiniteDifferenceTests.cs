using SparkTrain.Kernels;

namespace SparkTrain.Model.Tests.Reference;

public sealed class FiniteDifferenceTests : IClassFixture<OneThread>
{
    private const double Step = 1e-6;

    [Theory]
    [InlineData(FfnKind.Spark, AttentionKind.Spark)]
    [InlineData(FfnKind.GatedTopk, AttentionKind.Topk)]
    [InlineData(FfnKind.Gated, AttentionKind.Dense)]
    [InlineData(FfnKind.GatedRelu, AttentionKind.Dense)]
    [InlineData(FfnKind.GatedRelu2, AttentionKind.Dense)]
    [InlineData(FfnKind.GatedSilu, AttentionKind.Dense)]
    public void Every_weight_has_the_gradient_of_finite_differences(FfnKind ffn, AttentionKind attention)
        => AssertGradients(TinyConfigs.Of(ffn, attention) with { VocabSize = 7, DModel = 6, NumLayers = 1 });

    [Theory]
    [InlineData(FfnKind.Spark, AttentionKind.Spark, 0.0)]
    [InlineData(FfnKind.GatedTopk, AttentionKind.Topk, 0.3)]
    public void Exact_topk_and_smoothing_have_the_gradient_of_finite_differences(FfnKind ffn, AttentionKind attention, double delta)
    {
        var config = TinyConfigs.Of(ffn, attention) with { VocabSize = 7, DModel = 6, NumLayers = 1 };
        AssertGradients(config with { TopkSelector = TopkSelector.Exact, Ffn = config.Ffn with { HuberDelta = delta } });
        AssertGradients(config with { Ffn = config.Ffn with { HuberDelta = 0.2 } });
    }

    [Fact]
    public void Layers_that_differ_have_the_gradient_of_finite_differences()
    {
        var config = TinyConfigs.Spark with { VocabSize = 7, DModel = 6, NumLayers = 2 };
        AssertGradients(config with
        {
            Ffn = config.Ffn with { Except = [new() { FirstLayer = 1, LastLayer = 1, Kind = FfnKind.Gated, DFf = 5 }] },
            Attention = config.Attention with { Except = [new() { FirstLayer = 0, LastLayer = 0, Kind = AttentionKind.Dense }] },
        });
    }

    [Theory]
    [InlineData(NormPlacement.Pre, false, true, true)]
    [InlineData(NormPlacement.Sandwich, true, false, true)]
    [InlineData(NormPlacement.Pre, true, true, false)]
    public void Every_part_of_a_model_has_the_gradient_of_finite_differences(NormPlacement placement, bool bias, bool scales, bool tied) =>
        AssertGradients(TinyConfigs.Spark with
        {
            VocabSize = 7, DModel = 6, NumLayers = 1, Norm = new() { Placement = placement }, Bias = bias, Embedding = new() { ScaleByRootD = scales, TiedHead = tied },
        });

    private static void AssertGradients(ModelConfig config)
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(config, ScalarType.Float64);
        var tokens_BT = TinyConfigs.Tokens(config, 1, 9);
        var documents_BT = tensor(new long[] { 0, 0, 0, 0, 0, 0, 1, 1, 1 }).view(1, 9);
        TinyConfigs.Randomise(model, 12);
        model.Loss(tokens_BT, documents_BT).Nats.backward();
        KernelFailure.ThrowIfAny();

        using var noGradient = no_grad();
        foreach (var (name, weight) in model.Weights)
        {
            using var inner = NewDisposeScope();
            double[] gradient = weight.grad!.flatten().data<double>().ToArray();
            double scale = gradient.Max(Math.Abs);
            var values = weight.view(-1);
            for (int i = 0; i < gradient.Length; i++)
            {
                using var entry = NewDisposeScope();
                double value = values[i].item<double>();
                values[i] = value + Step;
                double above = model.Loss(tokens_BT, documents_BT).Nats.item<double>();
                values[i] = value - Step;
                double below = model.Loss(tokens_BT, documents_BT).Nats.item<double>();
                values[i] = value;
                Deviation.AssertWithin(1e-7 * Math.Max(scale, 1), Math.Abs((above - below) / (2 * Step) - gradient[i]), $"{name}[{i}]");
            }
        }
    }
}
