using System.Globalization;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Export;

/// <summary>What is exported: the checkpoint of a run, or a model folder that is written anew in another type or other shards.</summary>
/// <param name="Source">The weights, closed along with this.</param>
/// <param name="Name">The model's name.</param>
/// <param name="Text">Says what it is, for people.</param>
/// <param name="Facts">What is known of its training, where it is a checkpoint.</param>
internal sealed record ExportSource(ModelSource Source, string Name, string Text, RunFacts? Facts) : IDisposable
{
    // What a model folder holds beside its weights is kept, but not the weights in other forms.
    private static readonly string[] OtherWeights = [".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".gguf", ".pt", ".pth", ".h5", ".msgpack"];

    /// <summary>Names what was opened.</summary>
    /// <exception cref="CheckpointException">The log of the run cannot be read.</exception>
    public static ExportSource Of(ModelSource source)
    {
        if (source.Run is not var (location, manifest)) return new(source, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source.Folder))), source.Folder, null);
        var facts = RunFacts.Read(manifest, location.MetricsFile);
        string text = string.Create(CultureInfo.InvariantCulture, $"step {manifest.Progress.Step:N0} of {source.Folder}");
        return new(source, facts.Setting("Run", "Name") ?? Path.GetFileName(location.Run), text, facts);
    }

    /// <summary>The weights.</summary>
    public IWeightSource Weights => Source.Weights;

    /// <summary>Where its tokenizer is.</summary>
    public string TokenizerFolder => Source.TokenizerFolder;

    /// <summary>The model folder, where it is one.</summary>
    public string? ModelFolder => Source.Run is null ? Source.Folder : null;

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
    public void Dispose() => Source.Dispose();
}
