using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>The weights of one layer, packed for decoding.</summary>
internal sealed class PackedLayer : IDisposable
{
    /// <summary>Packs a layer's weights.</summary>
    public PackedLayer(PackingFormat format, IWeightSource source, int layer)
    {
        var config = source.Config;
        int width = config.DModel, heads = config.Attention.NumHeads * config.Attention.HeadDim, kvHeads = config.Attention.NumKvHeads * config.Attention.HeadDim;
        string Name(string weight) => TensorNames.Layer(layer, weight);
        (Attention, Ffn) = (config.Attention.Of(layer), config.Ffn.Of(layer));
        Window = config.Attention.WindowOf(layer);
        NormBeforeAttention = Norm(source, Name("input_layernorm"));
        WQ = format.Panels(source, Name("self_attn.q_proj"), heads, width);
        WK = format.Panels(source, Name("self_attn.k_proj"), kvHeads, width);
        WV = format.Panels(source, Name("self_attn.v_proj"), kvHeads, width);
        WO = format.Panels(source, Name("self_attn.o_proj"), width, heads);
        NormAfterAttention = Norm(source, Name("post_attention_layernorm"));
        NormBeforeFfn = Norm(source, Name("pre_feedforward_layernorm"));
        int scored = Ffn.Kind == FfnKind.Spark ? Ffn.PredictorDim : width;
        KeyWidth = Ffn.Kind == FfnKind.Spark ? width - scored : width;
        if (Ffn.Kind == FfnKind.Gated)
        {
            K1 = format.Panels(source, Name("mlp.gate_proj"), Ffn.DFf, width);
            K2 = format.Panels(source, Name("mlp.up_proj"), Ffn.DFf, width);
            V = format.Panels(source, Name("mlp.down_proj"), width, Ffn.DFf);
        }
        else
        {
            K1 = format.Predictor(source, Name("mlp.gate_proj"), Ffn.DFf, scored);
            Neurons = format.Neurons(source, Name("mlp.up_proj"), Name("mlp.down_proj"), Ffn.DFf, KeyWidth, width);
        }
        NormAfterFfn = Norm(source, Name("post_feedforward_layernorm"));
    }

    /// <summary>The layer's attention.</summary>
    public AttentionConfig Attention { get; }

    /// <summary>The layer's feed-forward network.</summary>
    public FfnConfig Ffn { get; }

    /// <summary>Keys that the layer looks back on; null means all.</summary>
    public int? Window { get; }

    /// <summary>1 + weight of the norm before attention, [DModel].</summary>
    public float[] NormBeforeAttention { get; }

    /// <summary>Projections of attention.</summary>
    public PanelMatrix WQ { get; }

    /// <inheritdoc cref="WQ"/>
    public PanelMatrix WK { get; }

    /// <inheritdoc cref="WQ"/>
    public PanelMatrix WV { get; }

    /// <inheritdoc cref="WQ"/>
    public PanelMatrix WO { get; }

    /// <summary>1 + weight of the norm behind attention.</summary>
    public float[] NormAfterAttention { get; }

    /// <summary>1 + weight of the norm before the FFN.</summary>
    public float[] NormBeforeFfn { get; }

    /// <summary>What scores the neurons, [DFf, predictor width].</summary>
    public PanelMatrix K1 { get; }

    /// <summary>Coordinates of its input that K2 reads: the last ones.</summary>
    public int KeyWidth { get; }

    /// <summary>K2 [DFf, DModel] of a dense FFN, else null.</summary>
    public PanelMatrix? K2 { get; }

    /// <summary>V [DModel, DFf] of a dense FFN, else null.</summary>
    public PanelMatrix? V { get; }

    /// <summary>K2 and V by neuron where some neurons are left out, else null.</summary>
    public RowMatrix? Neurons { get; }

    /// <summary>1 + weight of the norm behind the FFN.</summary>
    public float[] NormAfterFfn { get; }

    private IEnumerable<PanelMatrix> Panels => ((PanelMatrix?[])[WQ, WK, WV, WO, K1, K2, V]).OfType<PanelMatrix>();

    /// <summary>Bytes of all matrices.</summary>
    public long Bytes => Panels.Sum(matrix => matrix.Bytes) + (Neurons?.Bytes ?? 0);

    /// <summary>Returns 1 + weight.</summary>
    public static float[] Norm(IWeightSource source, string name) => [.. WeightRows.Vector(source, name, source.Config.DModel).Select(w => 1 + w)];

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var matrix in Panels) matrix.Dispose();
        Neurons?.Dispose();
    }
}
