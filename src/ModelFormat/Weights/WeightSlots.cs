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
            bool isSandwich = config.Norm.Placement == NormPlacement.Sandwich;
            Add(WeightRole.NormBeforeAttention, layer, d);
            AddLinear(WeightRole.Query, WeightRole.QueryBias, layer, q, d);
            AddLinear(WeightRole.Key, WeightRole.KeyBias, layer, kv, d);
            AddLinear(WeightRole.Value, WeightRole.ValueBias, layer, kv, d);
            AddLinear(WeightRole.AttentionOutput, WeightRole.AttentionOutputBias, layer, d, q);
            if (isSandwich) Add(WeightRole.NormAfterAttention, layer, d);
            Add(WeightRole.NormBeforeFfn, layer, d);
            AddLinear(WeightRole.FfnGate, WeightRole.FfnGateBias, layer, ffn.DFf, ffn.ScoredWidth(config.DModel));
            AddLinear(WeightRole.FfnUp, WeightRole.FfnUpBias, layer, ffn.DFf, ffn.CarriedWidth(config.DModel));
            AddLinear(WeightRole.FfnDown, WeightRole.FfnDownBias, layer, d, ffn.DFf);
            if (isSandwich) Add(WeightRole.NormAfterFfn, layer, d);
        }
        FinalNorm = Add(WeightRole.FinalNorm, null, d);
        Head = config.Embedding.TiedHead ? Embedding : Add(WeightRole.Head, null, config.VocabSize, d);

        void AddLinear(WeightRole weight, WeightRole bias, int layer, long outputs, long inputs)
        {
            Add(weight, layer, outputs, inputs);
            if (config.Bias) Add(bias, layer, outputs);
        }
    }

    /// <summary>Lists the weights of a model.</summary>
    public static WeightSlots Of(ModelConfig config) => new(config);

    /// <summary>The embedding table.</summary>
    public WeightSlot Embedding { get; }

    /// <summary>The norm before the head.</summary>
    public WeightSlot FinalNorm { get; }

    /// <summary>What the final norm is multiplied by: the embedding table of a tied model.</summary>
    public WeightSlot Head { get; }

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
