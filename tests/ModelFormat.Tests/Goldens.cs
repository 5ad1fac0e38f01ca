using System.Runtime.CompilerServices;

namespace SparkTrain.ModelFormat.Tests;

internal static class Goldens
{
    public static string Folder(string name) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "goldens", name));

    private static string Here([CallerFilePath] string here = "") => here;
}

internal static class Shapes
{
    /// <summary>The paper's Spark Gemma-2 2B.</summary>
    public static readonly ModelConfig Spark2B = new()
    {
        VocabSize = 256_000, DModel = 2304, NumLayers = 26, MaxSeqLen = 8192,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 13824, PredictorDim = 1024, Active = 1106 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 8, NumKvHeads = 4, HeadDim = 256, PredictorDim = 128, Active = 256, Window = 4096 },
    };

    /// <summary>Its dense baseline.</summary>
    public static readonly ModelConfig Gemma2B = Spark2B with
    {
        Ffn = new() { Kind = FfnKind.Gated, DFf = 9216 },
        Attention = Spark2B.Attention with { Kind = AttentionKind.Dense, PredictorDim = 0, Active = 0 },
    };
}
