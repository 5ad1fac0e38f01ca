using SparkTrain.Model;
using SparkTrain.ModelFormat;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>The tensors of a checkpoint whose hashes were verified; each file is opened once.</summary>
internal sealed class CheckpointTensors(string checkpoint, CheckpointManifest manifest) : IDisposable
{
    private readonly Dictionary<string, SafetensorsFile> files = manifest.Files.Keys.ToDictionary(name => name, name => SafetensorsFile.Open(Path.Combine(checkpoint, name)));

    /// <summary>Replaces the values of <paramref name="target"/> by those saved under a name.</summary>
    /// <exception cref="CheckpointException">There is no such tensor of the target's shape.</exception>
    public void CopyTo(string name, Tensor target)
    {
        if (!manifest.Tensors.TryGetValue(name, out var place) || !files[place.File].Info(name).Shape.SequenceEqual(target.shape))
            throw new CheckpointException(checkpoint, $"it holds no {name} of shape {TensorInfo.Text(target.shape)}", "a checkpoint of this model", "restore the Model section that it was trained with, or choose another Run.Name");
        using var saved = ModelWeights.Read(files[place.File], name);
        target.copy_(saved);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }
}
