using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>A model's weights, packed for decoding.</summary>
internal sealed class PackedModel : IDisposable
{
    private readonly List<PackedLayer> layers = [];

    /// <summary>Packs all weights.</summary>
    public PackedModel(IWeightSource source, EngineOptions options)
    {
        var format = new PackingFormat(options, source);
        (Config, Cache) = (source.Config, format.Cache);
        var weights = WeightSlots.Of(Config);
        Head = Table(format, new(source, weights.Head), Math.Min(options.ScreenedTokens, Config.VocabSize));
        Embedding = Head;
        try
        {
            if (!Config.Embedding.TiedHead) Embedding = Table(format, new(source, weights.Embedding), screened: 0);
            for (int layer = 0; layer < Config.NumLayers; layer++) layers.Add(new(format, source, weights, layer));
            FinalNorm = PackedLayer.Norm(source, weights.FinalNorm);
            Prefetching.TryRows([.. layers.Select(layer => layer.Neurons).OfType<RowMatrix>()]);
            Prefetching.TryStreams(Head.Panels);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>What keys and values are held in.</summary>
    public TensorType Cache { get; }

    /// <summary>The table that tokens come in by.</summary>
    public OutputTable Embedding { get; }

    /// <summary>The table that logits go out by: the same of a tied model.</summary>
    public OutputTable Head { get; }

    /// <summary>The layers.</summary>
    public IReadOnlyList<PackedLayer> Layers => layers;

    /// <summary>1 + weight of the last norm.</summary>
    public float[] FinalNorm { get; }

    /// <summary>Bytes of all matrices.</summary>
    public long Bytes => (Embedding == Head ? 0 : Embedding.Bytes) + Head.Bytes + Layers.Sum(layer => layer.Bytes);

    /// <summary>Bytes that a model will take, at most, before it is packed.</summary>
    public static long Estimate(IWeightSource source, EngineOptions options) =>
        ParameterCount.Of(source.Config).Total * new PackingFormat(options, source).Weights.Size() + (options.ScreenedTokens > 0 ? (long)source.Config.VocabSize * source.Config.DModel : 0);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Head.Dispose();
        if (Embedding != Head) Embedding.Dispose();
        foreach (var layer in layers) layer.Dispose();
    }

    private OutputTable Table(PackingFormat format, WeightRows table, int screened) => (format.Weights, screened) switch
    {
        (TensorType.BF16, 0) => new OutputTable<Bfloat16Element>(Config, table),
        (_, 0) => new OutputTable<Float32Element>(Config, table),
        (TensorType.BF16, var exact) => new ScreenedTable<Bfloat16Element>(Config, table, exact),
        (_, var exact) => new ScreenedTable<Float32Element>(Config, table, exact),
    };
}
