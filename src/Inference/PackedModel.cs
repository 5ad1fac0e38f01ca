using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>A model's weights, packed for decoding.</summary>
internal sealed class PackedModel : IDisposable
{
    /// <summary>Packs all weights.</summary>
    public PackedModel(IWeightSource source, EngineOptions options)
    {
        var format = new PackingFormat(options, source);
        (Config, Cache) = (source.Config, format.Cache);
        Table = (format.Weights, options.ScreenedTokens) switch
        {
            (TensorType.BF16, 0) => new OutputTable<Bfloat16Element>(Config, source),
            (_, 0) => new OutputTable<Float32Element>(Config, source),
            (TensorType.BF16, var exact) => new ScreenedTable<Bfloat16Element>(Config, source, exact),
            (_, var exact) => new ScreenedTable<Float32Element>(Config, source, exact),
        };
        Layers = [.. Enumerable.Range(0, Config.NumLayers).Select(layer => new PackedLayer(format, source, layer))];
        FinalNorm = PackedLayer.Norm(source, TensorNames.FinalNorm);
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>What keys and values are held in.</summary>
    public TensorType Cache { get; }

    /// <summary>The tied embedding.</summary>
    public OutputTable Table { get; }

    /// <summary>The layers.</summary>
    public IReadOnlyList<PackedLayer> Layers { get; }

    /// <summary>1 + weight of the last norm.</summary>
    public float[] FinalNorm { get; }

    /// <summary>Bytes of all matrices.</summary>
    public long Bytes => Table.Bytes + Layers.Sum(layer => layer.Bytes);

    /// <summary>Bytes that a model will take, at most, before it is packed.</summary>
    public static long Estimate(IWeightSource source, EngineOptions options) =>
        ParameterCount.Of(source.Config).Total * new PackingFormat(options, source).Weights.Size() + (options.ScreenedTokens > 0 ? (long)source.Config.VocabSize * source.Config.DModel : 0);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Table.Dispose();
        foreach (var layer in Layers) layer.Dispose();
    }
}
