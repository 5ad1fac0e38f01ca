namespace SparkTrain.ModelFormat;

/// <summary>Where the weights of a model are read from, one at a time: a model folder or a checkpoint.</summary>
public unsafe interface IWeightSource : IDisposable
{
    /// <summary>The model's shape.</summary>
    ModelConfig Config { get; }

    /// <summary>The type that a weight is stored in: F32, BF16 or F16.</summary>
    TensorType TypeOf(WeightSlot weight);

    /// <summary>Returns the address of a weight's values in their type and its own order, valid until the next call; not necessarily aligned.</summary>
    byte* Read(WeightSlot weight);
}
