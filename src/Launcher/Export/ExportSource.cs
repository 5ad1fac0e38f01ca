using System.Globalization;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Export;

/// <summary>What is exported: the checkpoint of a run, or a model folder that is written anew in another type or other shards.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="Name">The model's name.</param>
/// <param name="Text">Says what it is, for people.</param>
/// <param name="TokenizerFolder">Where its tokenizer is.</param>
/// <param name="ModelFolder">The model folder, where it is one.</param>
/// <param name="Facts">What is known of its training, where it is a checkpoint.</param>
internal sealed record ExportSource(IWeightSource Weights, string Name, string Text, string TokenizerFolder, string? ModelFolder, RunFacts? Facts) : IDisposable
{
    // What a model folder holds beside its weights is kept, but not the weights in other forms.
    private static readonly string[] OtherWeights = [".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".gguf", ".pt", ".pth", ".h5", ".msgpack"];

    /// <summary>Opens a verified checkpoint.</summary>
    /// <exception cref="CheckpointException">A file is missing or not what the manifest says.</exception>
    public static ExportSource Of(CheckpointLocation location, string checkpoint, CheckpointManifest manifest)
    {
        var facts = RunFacts.Read(manifest, location.MetricsFile);
        string text = string.Create(CultureInfo.InvariantCulture, $"step {manifest.Progress.Step:N0} of {checkpoint}");
        return new(new SavedWeights(checkpoint, manifest), facts.Setting("Run", "Name") ?? Path.GetFileName(location.Run), text, location.Tokenizer, null, facts);
    }

    /// <summary>Opens a model folder.</summary>
    /// <exception cref="ModelFormatException">A file is missing, cut off or does not fit.</exception>
    public static ExportSource Of(string folder)
    {
        var model = ModelFormat.ModelFolder.Open(folder);
        try
        {
            model.RequireTiedHead();
            return new(model, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), folder, folder, folder, null);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>True where there is a tokenizer.</summary>
    public bool HasTokenizer => File.Exists(Path.Combine(TokenizerFolder, "tokenizer.json"));

    /// <summary>Reads the tokenizer's begin and end tokens.</summary>
    /// <exception cref="DataException">There is no tokenizer, or one that SparkTrain cannot read.</exception>
    public (int? Bos, int Eos) SpecialTokens()
    {
        var tokenizer = Tokenizers.Load(TokenizerFolder);
        return (tokenizer.BosToken, tokenizer.EosToken);
    }

    /// <summary>The files to take over as they are: those of the tokenizer, and all that a model folder holds beside its weights and their description.</summary>
    public IEnumerable<FolderFile> KeptFiles() =>
        !Directory.Exists(TokenizerFolder) ? [] : Directory.GetFiles(TokenizerFolder).Order(StringComparer.Ordinal)
            .Where(file => ModelFolder is null || Path.GetFileName(file) != ModelFormat.ModelFolder.ConfigFile && !OtherWeights.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            .Select(file => new FolderFile(Path.GetFileName(file), CopyOf: file));

    /// <summary>config.json of a model folder with another type of weights and nothing else changed.</summary>
    public string ConfigWith(TensorType type)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(ModelFolder!, ModelFormat.ModelFolder.ConfigFile)))!.AsObject();
        // Transformers 5 calls it dtype.
        json[json.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = HuggingFaceConfig.NameOf(type);
        return json.ToJsonString(new() { WriteIndented = true }) + "\n";
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();
}
