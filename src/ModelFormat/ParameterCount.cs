namespace SparkTrain.ModelFormat;

/// <summary>Parameters of a model by part, counted from its configuration.</summary>
/// <param name="Embedding">The tied embedding table.</param>
/// <param name="Attention">Query, key, value and output projections of all layers.</param>
/// <param name="Ffn">Feed-forward matrices of all layers.</param>
/// <param name="Norms">All norm weights.</param>
public sealed record ParameterCount(long Embedding, long Attention, long Ffn, long Norms)
{
    /// <summary>All parameters.</summary>
    public long Total => Embedding + Attention + Ffn + Norms;

    /// <summary>All parameters but the embedding.</summary>
    public long NonEmbedding => Attention + Ffn + Norms;

    /// <summary>Counts the parameters of a model.</summary>
    public static ParameterCount Of(ModelConfig config)
    {
        long Sum(string part) => TensorNames.Of(config).Where(t => t.Name.Contains(part, StringComparison.Ordinal)).Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b));
        return new(Sum("embed_tokens"), Sum("self_attn"), Sum("mlp"), Sum("norm"));
    }
}
