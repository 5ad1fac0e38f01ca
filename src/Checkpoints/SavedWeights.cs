using System.Runtime.InteropServices;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The weights of a checkpoint, put together from the shards of all ranks, one at a time.</summary>
public sealed unsafe class SavedWeights : IWeightSource
{
    private readonly CheckpointReader saved;
    private float* values;

    /// <summary>Opens the checkpoint and reserves memory for its largest weight.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="manifest">Its manifest, of verified hashes.</param>
    /// <exception cref="CheckpointException">A file is missing or is no safetensors file, or the configuration describes no valid model.</exception>
    public SavedWeights(string checkpoint, CheckpointManifest manifest)
    {
        Config = SavedModel.Config(checkpoint, manifest);
        saved = new(checkpoint, manifest);
        values = (float*)NativeMemory.Alloc(checked((nuint)WeightSlots.Of(Config).Max(weight => weight.Count) * sizeof(float)));
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public TensorType TypeOf(WeightSlot weight) => TensorType.F32;

    /// <inheritdoc/>
    /// <exception cref="CheckpointException">The checkpoint has no such tensor of its shape.</exception>
    public byte* Read(WeightSlot weight)
    {
        saved.CopyTo(new(weight.Name, weight.Shape, 0, weight.Count), values);
        return (byte*)values;
    }

    /// <summary>Closes the files and frees the memory.</summary>
    public void Dispose()
    {
        saved.Dispose();
        NativeMemory.Free(values);
        values = null;
    }
}
