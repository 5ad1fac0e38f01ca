using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The weights of a model, from wherever a user has one: a model folder, a run's folder or its <c>checkpoints/</c> (the newest good checkpoint), or one checkpoint.</summary>
public sealed class ModelSource : IDisposable
{
    private ModelSource(IWeightSource weights, string folder, string tokenizerFolder) => (Weights, Folder, TokenizerFolder) = (weights, folder, tokenizerFolder);

    /// <summary>The weights.</summary>
    public IWeightSource Weights { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => Weights.Config;

    /// <summary>The folder that the weights lie in, a model folder or a checkpoint, as the path that was given reaches it.</summary>
    public string Folder { get; }

    /// <summary>Where its tokenizer lies, if it has one.</summary>
    public string TokenizerFolder { get; }

    /// <summary>The run and the checkpoint of it, where it is one.</summary>
    public (CheckpointLocation Location, CheckpointManifest Manifest)? Run { get; private init; }

    /// <summary>Opens what a path names. Checkpoints are verified.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="skipped">Receives what is wrong with checkpoints that are newer than the one that is opened; null refuses to take an older one.</param>
    /// <param name="step">Chooses the checkpoint by its step, where the path names several; null takes the newest.</param>
    /// <exception cref="ModelFormatException">A file of a model folder is missing, cut off or does not fit.</exception>
    /// <exception cref="CheckpointException">The folder is neither, or holds no good checkpoint.</exception>
    public static ModelSource Open(string path, Action<CheckpointException>? skipped, Func<CheckpointLocation, long?>? step = null)
    {
        if (!Directory.Exists(path)) throw Unknown(path, File.Exists(path) ? "it is a file" : "there is no such folder");
        if (CheckpointLocation.Find(path) is { } location)
        {
            var (checkpoint, manifest) = location.Choose(step?.Invoke(location), skipped ?? (bad => throw bad));
            return new(new SavedWeights(checkpoint, manifest), checkpoint, location.Tokenizer) { Run = (location, manifest) };
        }
        if (!ModelFolder.IsOne(path)) throw Unknown(path, $"it holds neither checkpoints nor {ModelFolder.ConfigFile}");
        var folder = ModelFolder.Open(path);
        try
        {
            folder.RequireTiedHead();
            return new(folder, path, path);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    private static CheckpointException Unknown(string path, string found) => new(path, found, "a run's folder, its checkpoints/, one checkpoint, or a model folder", "check the path");
}
