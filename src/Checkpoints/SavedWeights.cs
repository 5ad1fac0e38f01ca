using System.Runtime.InteropServices;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The weights of a checkpoint, put together from the shards of all ranks, one at a time.</summary>
public sealed unsafe class SavedWeights : IWeightSource
{
    private readonly CheckpointReader saved;
    private readonly Dictionary<string, long[]> shapes;
    private float* values;

    /// <summary>Opens the checkpoint and reserves memory for its largest weight.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="manifest">Its manifest, of verified hashes.</param>
    /// <exception cref="CheckpointException">A file is missing or is no safetensors file, or the configuration describes no valid model.</exception>
    public SavedWeights(string checkpoint, CheckpointManifest manifest)
    {
        Config = SavedModel.Config(checkpoint, manifest);
        shapes = TensorNames.Of(Config).ToDictionary(weight => weight.Name, weight => weight.Shape);
        saved = new(checkpoint, manifest);
        values = (float*)NativeMemory.Alloc(checked((nuint)shapes.Max(weight => new TensorInfo(weight.Key, TensorType.F32, weight.Value).ByteLength)));
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public TensorType TypeOf(string weight) => TensorType.F32;

    /// <inheritdoc/>
    /// <exception cref="CheckpointException">The checkpoint has no such tensor of its shape.</exception>
    public byte* Read(string weight)
    {
        long[] shape = shapes[weight];
        saved.CopyTo(new(weight, shape, 0, shape.Aggregate(1L, (a, b) => a * b)), values);
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
