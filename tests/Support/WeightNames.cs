using SparkTrain.ModelFormat;

namespace SparkTrain.Support;

/// <summary>The names that weights have in files, as tests write them down: those of transformers' Gemma-2.</summary>
public static class WeightNames
{
    /// <summary>The embedding table.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The norm before the head.</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The head, which files may repeat.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>A weight of a layer, for example <c>Layer(0, "mlp.gate_proj")</c>.</summary>
    public static string Layer(int layer, string weight) => $"model.layers.{layer}.{weight}.weight";

    /// <summary>Takes a slot apart into what files say of it.</summary>
    public static void Deconstruct(this WeightSlot slot, out string name, out long[] shape) => (name, shape) = (slot.Name, slot.Shape);
}
