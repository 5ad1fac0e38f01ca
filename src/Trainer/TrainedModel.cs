using System.Text.Json;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>A model with its tokenizer, from wherever a user has one: a model folder, a run's folder, or one checkpoint of it.</summary>
public sealed class TrainedModel : IDisposable
{
    private readonly Lazy<ITokenizer> tokenizer;

    private TrainedModel(SparkTransformer model, string tokenizerFolder, string source)
    {
        (Model, Source, TokenizerFolder) = (model, source, tokenizerFolder);
        tokenizer = new(() => LoadTokenizer(tokenizerFolder));
    }

    /// <summary>The model.</summary>
    public SparkTransformer Model { get; }

    /// <summary>Its tokenizer, loaded when first asked for: token ids can be scored without one.</summary>
    /// <exception cref="DataException">The tokenizer is missing or of another vocabulary.</exception>
    public ITokenizer Tokenizer => tokenizer.Value;

    /// <summary>The folder that the weights came from.</summary>
    public string Source { get; }

    /// <summary>Where its tokenizer lies.</summary>
    public string TokenizerFolder { get; }

    /// <summary>Loads a model folder, a run's folder (its newest good checkpoint), or a checkpoint folder. libtorch must be loaded.</summary>
    /// <exception cref="ModelFormatException">A file is missing, cut off or does not fit.</exception>
    /// <exception cref="CheckpointException">The folder holds no good checkpoint.</exception>
    public static TrainedModel Load(string path, ComputeOptions options) => LoadWith(path, _ => options);

    /// <summary>The same, where the options depend on the model's shape.</summary>
    public static TrainedModel LoadWith(string path, Func<ModelConfig, ComputeOptions> options)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (CheckpointStore.IsComplete(path)) return OfCheckpoint(path, Path.Combine(path, "..", ".."), options);
        if (new CheckpointStore(Path.Combine(path, "checkpoints")).Complete() is [var newest, ..]) return OfCheckpoint(newest, path, options);
        using var folder = ModelFolder.Open(path);
        return new(ModelWeights.Load(folder, options(folder.Config)), path, path);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Model.Dispose();

    private static unsafe TrainedModel OfCheckpoint(string checkpoint, string run, Func<ModelConfig, ComputeOptions> options)
    {
        var manifest = CheckpointVerification.Verify(checkpoint);
        var config = manifest.Config[nameof(TrainConfig.Model)].Deserialize<ModelConfig>(TrainState.ConfigOptions)!;
        var model = new SparkTransformer(config, options(config));
        using var noGrad = no_grad();
        using var saved = new CheckpointReader(checkpoint, manifest);
        foreach (var (name, weight) in model.Weights)
        {
            using var values = empty(weight.shape);
            saved.CopyTo(new(name, weight.shape, 0, weight.numel()), TensorMemory.Float32(values));
            weight.copy_(values);
        }
        return new(model, Path.Combine(run, "tokenizer"), checkpoint);
    }

    private ITokenizer LoadTokenizer(string folder)
    {
        var loaded = Tokenizers.Load(folder);
        return loaded.VocabSize <= Model.Config.VocabSize ? loaded
            : throw new DataException(folder, $"a tokenizer of {loaded.VocabSize} tokens", $"at most the model's {Model.Config.VocabSize}", "use the tokenizer that the model was trained with");
    }
}
