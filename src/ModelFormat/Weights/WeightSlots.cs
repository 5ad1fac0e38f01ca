using System.Collections;

namespace SparkTrain.ModelFormat;

/// <summary>The weights of a model, in the order of the forward pass.</summary>
public sealed class WeightSlots : IReadOnlyList<WeightSlot>
{
    private readonly List<WeightSlot> slots = [];
    private readonly Dictionary<(WeightRole, int), WeightSlot> layers = [];

    private WeightSlots(ModelConfig config)
    {
        var a = config.Attention;
        long d = config.DModel, q = (long)a.NumHeads * a.HeadDim, kv = (long)a.NumKvHeads * a.HeadDim;
        Embedding = Add(WeightRole.Embedding, null, config.VocabSize, d);
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            var ffn = config.Ffn.Of(layer);
            long scored = ffn.ScoredWidth(config.DModel), rest = ffn.CarriedWidth(config.DModel);
            Add(WeightRole.NormBeforeAttention, layer, d);
            Add(WeightRole.Query, layer, q, d);
            Add(WeightRole.Key, layer, kv, d);
            Add(WeightRole.Value, layer, kv, d);
            Add(WeightRole.AttentionOutput, layer, d, q);
            Add(WeightRole.NormAfterAttention, layer, d);
            Add(WeightRole.NormBeforeFfn, layer, d);
            Add(WeightRole.FfnGate, layer, ffn.DFf, scored);
            Add(WeightRole.FfnUp, layer, ffn.DFf, rest);
            Add(WeightRole.FfnDown, layer, d, ffn.DFf);
            Add(WeightRole.NormAfterFfn, layer, d);
        }
        FinalNorm = Add(WeightRole.FinalNorm, null, d);
    }

    /// <summary>Lists the weights of a model.</summary>
    public static WeightSlots Of(ModelConfig config) => new(config);

    /// <summary>The embedding table.</summary>
    public WeightSlot Embedding { get; }

    /// <summary>The norm before the head.</summary>
    public WeightSlot FinalNorm { get; }

    /// <summary>The weight of a layer that has a role.</summary>
    /// <exception cref="KeyNotFoundException">The layer has none.</exception>
    public WeightSlot this[WeightRole role, int layer] => layers[(role, layer)];

    /// <inheritdoc/>
    public WeightSlot this[int index] => slots[index];

    /// <inheritdoc/>
    public int Count => slots.Count;

    /// <inheritdoc/>
    public IEnumerator<WeightSlot> GetEnumerator() => slots.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private WeightSlot Add(WeightRole role, int? layer, params long[] shape)
    {
        var slot = new WeightSlot(role, layer, shape);
        slots.Add(slot);
        if (layer is { } l) layers.Add((role, l), slot);
        return slot;
    }
}
