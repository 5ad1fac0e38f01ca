using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>The weights of one layer, packed for decoding.</summary>
internal sealed class PackedLayer : IDisposable
{
    /// <summary>Packs a layer's weights.</summary>
    public PackedLayer(PackingFormat format, IWeightSource source, WeightSlots weights, int layer)
    {
        var config = source.Config;
        WeightSlot Of(WeightRole role) => weights[role, layer];
        bool isSandwich = config.Norm.Placement == NormPlacement.Sandwich;
        (Attention, Ffn) = (config.Attention.Of(layer), config.Ffn.Of(layer));
        (Window, KeyWidth) = (config.Attention.WindowOf(layer), Ffn.CarriedWidth(config.DModel));
        try
        {
            NormBeforeAttention = Norm(source, Of(WeightRole.NormBeforeAttention));
            WQ = format.Panels(source, Of(WeightRole.Query));
            WK = format.Panels(source, Of(WeightRole.Key));
            WV = format.Panels(source, Of(WeightRole.Value));
            WO = format.Panels(source, Of(WeightRole.AttentionOutput));
            if (isSandwich) NormAfterAttention = Norm(source, Of(WeightRole.NormAfterAttention));
            NormBeforeFfn = Norm(source, Of(WeightRole.NormBeforeFfn));
            if (Ffn.Kind.Traits().LeavesNeuronsOut)
            {
                K1 = format.Predictor(source, Of(WeightRole.FfnGate));
                Neurons = format.Neurons(source, Of(WeightRole.FfnUp), Of(WeightRole.FfnDown));
            }
            else
            {
                K1 = format.Panels(source, Of(WeightRole.FfnGate));
                K2 = format.Panels(source, Of(WeightRole.FfnUp));
                V = format.Panels(source, Of(WeightRole.FfnDown));
            }
            if (isSandwich) NormAfterFfn = Norm(source, Of(WeightRole.NormAfterFfn));
        }
        catch
        {
            Dispose();
            throw;
        }
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

    /// <summary>1 + weight of the norm behind attention; null where there is none.</summary>
    public float[]? NormAfterAttention { get; }

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

    /// <summary>1 + weight of the norm behind the FFN; null where there is none.</summary>
    public float[]? NormAfterFfn { get; }

    private IEnumerable<PanelMatrix> Panels => ((PanelMatrix?[])[WQ, WK, WV, WO, K1, K2, V]).OfType<PanelMatrix>();

    /// <summary>Bytes of all matrices.</summary>
    public long Bytes => Panels.Sum(matrix => matrix.Bytes) + (Neurons?.Bytes ?? 0);

    /// <summary>Returns 1 + weight.</summary>
    public static float[] Norm(IWeightSource source, WeightSlot weight) => [.. WeightRows.Vector(source, weight).Select(w => 1 + w)];

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var matrix in Panels) matrix.Dispose();
        Neurons?.Dispose();
    }
}
