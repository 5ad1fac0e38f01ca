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
        var slots = WeightSlots.Of(config);
        long Sum(ModelPart part) => slots.Where(slot => slot.Part == part).Sum(slot => slot.Count);
        return new(Sum(ModelPart.Embedding), Sum(ModelPart.Attention), Sum(ModelPart.Ffn), Sum(ModelPart.Norm));
    }
}
