using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>The number types that a model is packed in, from its options and what its source holds.</summary>
internal sealed class PackingFormat(EngineOptions options, IWeightSource source)
{
    /// <summary>What matrices are held in.</summary>
    public TensorType Weights { get; } = Known(options.Weights ?? (source.TypeOf(WeightSlots.Of(source.Config).Embedding) == TensorType.BF16 ? TensorType.BF16 : TensorType.F32), nameof(options.Weights));

    /// <summary>What keys and values are held in.</summary>
    public TensorType Cache => Known(options.Cache ?? Weights, nameof(options.Cache));

    /// <summary>Packs a matrix for products.</summary>
    public PanelMatrix Panels(IWeightSource from, WeightSlot weight) => Weights == TensorType.BF16 ? new PanelMatrix<Bfloat16Element>(new(from, weight)) : new PanelMatrix<Float32Element>(new(from, weight));

    /// <summary>Packs the matrix that scores neurons.</summary>
    public PanelMatrix Predictor(IWeightSource from, WeightSlot weight) => options.Int8Predictor ? new Int8PanelMatrix(new(from, weight)) : Panels(from, weight);

    /// <summary>Packs K2 and V by neuron.</summary>
    public RowMatrix Neurons(IWeightSource from, WeightSlot k2, WeightSlot v) => Weights == TensorType.BF16
        ? NeuronPacking.Pack<Bfloat16Element>(from, k2, v)
        : NeuronPacking.Pack<Float32Element>(from, k2, v);

    private static TensorType Known(TensorType type, string option) =>
        type is TensorType.F32 or TensorType.BF16 ? type : throw new ArgumentOutOfRangeException(option, type, "F32 or BF16");
}
