using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>The number types that a model is packed in, from its options and what its source holds.</summary>
internal sealed class PackingFormat(EngineOptions options, IWeightSource source)
{
    /// <summary>What matrices are held in.</summary>
    public TensorType Weights { get; } = Known(options.Weights ?? (source.TypeOf(TensorNames.Embedding) == TensorType.BF16 ? TensorType.BF16 : TensorType.F32), nameof(options.Weights));

    /// <summary>What keys and values are held in.</summary>
    public TensorType Cache => Known(options.Cache ?? Weights, nameof(options.Cache));

    /// <summary>Packs a matrix for products.</summary>
    public PanelMatrix Panels(IWeightSource from, string name, int rows, int columns) =>
        Weights == TensorType.BF16 ? new PanelMatrix<Bfloat16Element>(new(from, name, rows, columns)) : new PanelMatrix<Float32Element>(new(from, name, rows, columns));

    /// <summary>Packs the matrix that scores neurons.</summary>
    public PanelMatrix Predictor(IWeightSource from, string name, int rows, int columns) =>
        options.Int8Predictor ? new Int8PanelMatrix(new(from, name, rows, columns)) : Panels(from, name, rows, columns);

    /// <summary>Packs K2 and V by neuron.</summary>
    public RowMatrix Neurons(IWeightSource from, string k2, string v, int neurons, int keyWidth, int width) => Weights == TensorType.BF16
        ? NeuronPacking.Pack<Bfloat16Element>(from, k2, v, neurons, keyWidth, width)
        : NeuronPacking.Pack<Float32Element>(from, k2, v, neurons, keyWidth, width);

    private static TensorType Known(TensorType type, string option) =>
        type is TensorType.F32 or TensorType.BF16 ? type : throw new ArgumentOutOfRangeException(option, type, "F32 or BF16");
}
