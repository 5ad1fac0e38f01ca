using SparkTrain.Kernels;

namespace SparkTrain.Model.Tests;

/// <summary>Models small enough for a test of a second.</summary>
internal static class TinyConfigs
{
    public static readonly ModelConfig Spark = new()
    {
        VocabSize = 29, DModel = 8, NumLayers = 2, MaxSeqLen = 64,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 12, PredictorDim = 4, Active = 3 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 2, NumKvHeads = 1, HeadDim = 4, PredictorDim = 2, Active = 3, Window = 5 },
    };

    public static ModelConfig Of(FfnKind ffn, AttentionKind attention) => Spark with
    {
        Ffn = new() { Kind = ffn, DFf = 12, PredictorDim = ffn == FfnKind.Spark ? 4 : 0, Active = ffn is FfnKind.Spark or FfnKind.GatedTopk ? 3 : 0 },
        Attention = Spark.Attention with
        {
            Kind = attention, PredictorDim = attention == AttentionKind.Spark ? 2 : 0, Active = attention == AttentionKind.Dense ? 0 : 3,
        },
    };

    public static Transformer Model(ModelConfig config, ScalarType dtype = ScalarType.Float32, SparsitySink? sparsity = null, long seed = 1, KernelSet? kernels = null)
    {
        var options = new ComputeOptions { Dtype = dtype, Sparsity = sparsity };
        var model = new Transformer(config, kernels is null ? options : options with { Kernels = kernels });
        WeightInit.Fill(model, seed);
        return model;
    }

    /// <summary>Draws norms and biases, which begin at 0, so that they are no special case.</summary>
    public static void Randomise(Transformer model, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator(seed);
        foreach (var (_, weight) in model.Weights)
            if (weight.dim() == 1) weight.copy_(randn(weight.shape, ScalarType.Float64, generator: generator) * 0.3);
    }

    public static Tensor Tokens(ModelConfig config, int batch, int length, ulong seed = 1)
    {
        using var generator = new Generator(seed);
        return randint(0, config.VocabSize, [batch, length], ScalarType.Int64, generator: generator);
    }
}
