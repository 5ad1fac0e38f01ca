namespace SparkTrain.Model;

/// <summary>The weights of a model in memory, as files and engines read them: one float32 copy at a time.</summary>
internal sealed unsafe class LiveWeights(Transformer model) : IWeightSource
{
    private readonly Dictionary<string, Parameter> weights = model.Weights.ToDictionary(w => w.Slot.Name, w => w.Weight);
    private readonly Native.TensorMemory memory = new();
    private Tensor? copy;

    /// <inheritdoc/>
    public ModelConfig Config => model.Config;

    /// <inheritdoc/>
    public TensorType TypeOf(WeightSlot weight) => TensorType.F32;

    /// <inheritdoc/>
    public byte* Read(WeightSlot weight)
    {
        using var noGradient = no_grad();
        copy?.Dispose();
        copy = weights[weight.Name].detach().to(ScalarType.Float32, CPU).contiguous().DetachFromDisposeScope();
        return (byte*)memory.Pointer(copy);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        copy?.Dispose();
        memory.Dispose();
    }
}
