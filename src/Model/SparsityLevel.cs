namespace SparkTrain.Model;

/// <summary>How sparse a model is at the moment. A schedule may begin dense and lower k step by step; what it never does is go below the configuration's k.</summary>
public sealed class SparsityLevel
{
    /// <summary>Share of its neurons that an FFN with top-k aims to keep; 1 keeps all, null means the configuration's k.</summary>
    public double? FfnFraction { get; set; }

    /// <summary>Keys that an attention with top-k aims to keep per query; null means the configuration's k.</summary>
    public int? AttentionKeys { get; set; }

    /// <summary>How top-k finds its threshold; null means the configuration's way.</summary>
    public TopkSelector? Selector { get; set; }

    internal TopkRule Of(FfnConfig ffn, TopkRule rule) => rule with
    {
        Active = FfnFraction is { } fraction ? Math.Max(ffn.Active, (int)Math.Round(fraction * ffn.DFf)) : rule.Active,
        Selector = Selector ?? rule.Selector,
    };

    internal AttentionShape Of(AttentionConfig attention, AttentionShape shape) => shape with
    {
        Active = Math.Max(attention.Active, AttentionKeys ?? 0),
        Selector = Selector ?? shape.Selector,
    };
}
