using System.Globalization;
using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Trainer;
using static TorchSharp.torch;

namespace SparkTrain.Bench;

/// <summary>Whole training steps (forward, backward, norm, AdamW) of models with equal parameters, in turn: Spark, dense Gemma-2, and Spark without our kernels.</summary>
internal static class TrainStepBench
{
    /// <summary>spark-tiny's model, with a larger window.</summary>
    public static readonly ModelConfig Spark = new()
    {
        VocabSize = 4096, DModel = 256, NumLayers = 4, MaxSeqLen = 512,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 1536, PredictorDim = 128, Active = 123 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 4, NumKvHeads = 2, HeadDim = 64, PredictorDim = 32, Active = 64, Window = 256 },
    };

    private static readonly ModelConfig Dense = Spark with
    {
        Ffn = new() { Kind = FfnKind.Gated, DFf = 1024 },
        Attention = Spark.Attention with { Kind = AttentionKind.Dense, PredictorDim = 0, Active = 0 },
    };

    public static int Run(string[] arguments)
    {
        int threads = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 0;
        int rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 7;
        LibTorch.Load(threads);
        if (ParameterCount.Of(Spark) != ParameterCount.Of(Dense)) throw new InvalidOperationException("the two models must have equal parameters");
        using var spark16 = new BenchStep(Spark, new() { Dtype = ScalarType.BFloat16 });
        using var dense16 = new BenchStep(Dense, new() { Dtype = ScalarType.BFloat16 });
        using var spark32 = new BenchStep(Spark, new());
        using var dense32 = new BenchStep(Dense, new());
        using var composed32 = new BenchStep(Spark, new() { Kernels = KernelSet.Composed });
        RoundRobin.Compare($"training step, {ParameterCount.Of(Spark).Total} parameters, {BenchStep.Batch} x {Spark.MaxSeqLen} tokens, {get_num_threads()} threads", rounds,
            ("Spark, bf16 products", spark16.Run),
            ("dense Gemma-2, bf16 products", dense16.Run),
            ("Spark, float32", spark32.Run),
            ("dense Gemma-2, float32", dense32.Run),
            ("Spark, float32, composed operators", composed32.Run));
        return 0;
    }
}
