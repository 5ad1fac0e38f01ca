using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Tokenizers;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>A model with its tokenizer, from wherever a user has one: a model folder, a run's folder, or one checkpoint of it.</summary>
public sealed class TrainedModel : IDisposable
{
    private readonly Lazy<ITokenizer> tokenizer;

    private TrainedModel(Transformer model, ModelSource source)
    {
        (Model, Source, TokenizerFolder) = (model, Path.GetFullPath(source.Folder), source.TokenizerFolder);
        tokenizer = new(() => TokenizerLoader.LoadFor(TokenizerFolder, model.Config.VocabSize));
    }

    /// <summary>The model.</summary>
    public Transformer Model { get; }

    /// <summary>Its tokenizer, loaded when first asked for: token ids can be scored without one.</summary>
    /// <exception cref="DataException">The tokenizer is missing or of another vocabulary.</exception>
    public ITokenizer Tokenizer => tokenizer.Value;

    /// <summary>The folder that the weights came from.</summary>
    public string Source { get; }

    /// <summary>Where its tokenizer lies.</summary>
    public string TokenizerFolder { get; }

    /// <summary>Loads what <see cref="ModelSource.Open"/> opens. libtorch must be loaded.</summary>
    /// <param name="path">A model folder, a run's folder or a checkpoint folder.</param>
    /// <param name="options">How it is computed.</param>
    /// <param name="skipped">Receives what is wrong with checkpoints that are newer than the one that is loaded; null refuses to take an older one.</param>
    /// <exception cref="ModelFormatException">A file is missing, cut off or does not fit.</exception>
    /// <exception cref="CheckpointException">The folder holds no good checkpoint.</exception>
    public static TrainedModel Load(string path, ComputeOptions options, Action<CheckpointException>? skipped = null) => LoadWith(path, _ => options, skipped);

    /// <summary>The same, where the options depend on the model's shape.</summary>
    public static TrainedModel LoadWith(string path, Func<ModelConfig, ComputeOptions> options, Action<CheckpointException>? skipped = null)
    {
        using var source = ModelSource.Open(path, skipped);
        return new(Read(source, options(source.Config)), source);
    }

    /// <summary>Makes the model of a source, which may be closed afterwards. libtorch must be loaded.</summary>
    /// <exception cref="ModelFormatException">A weight is not finite.</exception>
    /// <exception cref="CheckpointException">A checkpoint does not hold what its manifest says.</exception>
    public static Transformer Read(ModelSource source, ComputeOptions options)
    {
        if (source.Weights is ModelFolder folder) return ModelWeights.Load(folder, options);
        var model = new Transformer(source.Config, options);
        ModelWeights.Fill(model, source.Weights);
        return model;
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Model.Dispose();
}
