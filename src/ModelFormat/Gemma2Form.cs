namespace SparkTrain.ModelFormat;

/// <summary>Says whether a model is exactly Gemma-2, so that programs which know that family run it.</summary>
public static class Gemma2Form
{
    /// <summary>True where every layer has a gated FFN of the same width, dense attention and norms as Gemma-2 has them.</summary>
    public static bool IsDense(ModelConfig config) => DenseProblem(config) is null;

    /// <summary>Names the first key that Gemma-2 as Hugging Face has it does not allow, and why; null where there is none.</summary>
    public static (string Key, string Message)? Problem(ModelConfig config)
    {
        var a = config.Attention;
        if (DenseProblem(config) is { } problem) return problem;
        if (a.QueryPreAttnScalar is { } scalar && (scalar != Math.Floor(scalar) || scalar > int.MaxValue))
            return ("Model.Attention.QueryPreAttnScalar", FormattableString.Invariant($"it is {scalar}; Hugging Face's Gemma-2 wants a whole number"));
        return null;
    }

    /// <summary>Says what a version of transformers has against a model that is Gemma-2; null where there is nothing.</summary>
    public static string? Warning(ModelConfig config) => config.DModel % config.Attention.NumHeads == 0 ? null
        : $"the width {config.DModel} (hidden_size) is no multiple of the {config.Attention.NumHeads} heads (num_attention_heads): transformers 5.24 refuses such a Gemma-2 folder, 4.57 reads it";

    /// <summary>Names the first key that llama.cpp does not allow, which has more of Gemma-2 built in than its files can say.</summary>
    public static (string Key, string Message)? LlamaCppProblem(ModelConfig config)
    {
        var a = config.Attention;
        if (DenseProblem(config) is { } problem) return problem;
        for (int layer = 0; layer < config.NumLayers; layer++)
            if (a.SpanOf(layer) != (layer % 2 == 0 ? AttentionSpan.Local : AttentionSpan.Global))
                return ("Model.Attention.Layers", $"layer {layer} is {a.SpanOf(layer)}; llama.cpp's Gemma-2 begins Local, Global, Local, Global and goes on so");
        if (a.LogitSoftcap is null) return ("Model.Attention.LogitSoftcap", "it is null; llama.cpp's Gemma-2 always caps the scores");
        if (config.FinalLogitSoftcap is null) return ("Model.FinalLogitSoftcap", "it is null; llama.cpp's Gemma-2 always caps the logits");
        // llama.cpp knows Gemma-2 27B by its 46 layers and has its scale built in; all others have the head's width.
        var (name, built) = config.NumLayers == 46 ? ("DModel / NumHeads", config.DModel / a.NumHeads) : ("HeadDim", a.HeadDim);
        if ((a.QueryPreAttnScalar ?? a.HeadDim) is var scalar && scalar != built)
            return ("Model.Attention.QueryPreAttnScalar", FormattableString.Invariant($"it is {scalar}; llama.cpp's Gemma-2 has {name} = {built} built in for {config.NumLayers} layers"));
        return null;
    }

    private static (string Key, string Message)? DenseProblem(ModelConfig config)
    {
        var a = config.Attention;
        foreach (var (layer, kind) in Enumerable.Range(0, config.NumLayers).Select(layer => (layer, config.Ffn.Of(layer).Kind)))
            if (kind != FfnKind.Gated) return (config.Ffn.Except.Count > 0 ? "Model.Ffn.Except" : "Model.Ffn.Kind", $"layer {layer} has a {kind} FFN; Gemma-2 has Gated ones only");
        foreach (var (layer, kind) in Enumerable.Range(0, config.NumLayers).Select(layer => (layer, a.Of(layer).Kind)))
            if (kind != AttentionKind.Dense) return (a.Except.Count > 0 ? "Model.Attention.Except" : "Model.Attention.Kind", $"layer {layer} has {kind} attention; Gemma-2 has Dense ones only");
        foreach (var (layer, neurons) in Enumerable.Range(0, config.NumLayers).Select(layer => (layer, config.Ffn.Of(layer).DFf)))
            if (neurons != config.Ffn.DFf) return ("Model.Ffn.Except", $"layer {layer} has {neurons} neurons, the others {config.Ffn.DFf}; in Gemma-2 all have as many");
        if (config.Norm.Placement != NormPlacement.Sandwich) return ("Model.Norm.Placement", $"it is {config.Norm.Placement}; Gemma-2 has norms before and behind attention and FFN");
        if (config.Bias) return ("Model.Bias", "it is true; Gemma-2 has no biases");
        if (!config.Embedding.ScaleByRootD) return ("Model.Embedding.ScaleByRootD", "it is false; Gemma-2 scales its embedding");
        if (!config.Embedding.TiedHead) return ("Model.Embedding.TiedHead", "it is false; Gemma-2's head is its embedding");
        return null;
    }
}
