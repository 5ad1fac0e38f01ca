using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;

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

    // Beside those whose names begin with "tokenizer".
    private static readonly string[] OtherTokenizerFiles = ["special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "generation_config.json"];

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
        var tokenizer = TokenizerLoader.Load(TokenizerFolder);
        return (tokenizer.BosToken, tokenizer.EosToken);
    }

    /// <summary>The files of a tokenizer in a folder, a model's or a run's, which need not have one.</summary>
    public static IEnumerable<FolderFile> TokenizerFiles(string folder) =>
        !Directory.Exists(folder) ? [] : Directory.GetFiles(folder).Order(StringComparer.Ordinal)
            .Where(file => Path.GetFileName(file) is var name && (name.StartsWith("tokenizer", StringComparison.Ordinal) || OtherTokenizerFiles.Contains(name)))
            .Select(file => new FolderFile(Path.GetFileName(file), CopyOf: file));

    /// <summary>The files to take over as they are: those of the tokenizer, and all that a model folder holds beside its weights and their description.</summary>
    public IEnumerable<FolderFile> KeptFiles() =>
        !Directory.Exists(TokenizerFolder) ? [] : Directory.GetFiles(TokenizerFolder).Order(StringComparer.Ordinal)
            .Where(file => ModelFolder is null || Path.GetFileName(file) != ModelFormat.ModelFolder.ConfigFile && !OtherWeights.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            .Select(file => new FolderFile(Path.GetFileName(file), CopyOf: file));

    /// <summary>config.json of a model folder with another type of weights and nothing else changed.</summary>
    public string ConfigWith(TensorType type)
    {
        var json = Config();
        // Transformers 5 calls it dtype.
        string[] keys = json.ContainsKey("dtype") ? json.ContainsKey("torch_dtype") ? ["dtype", "torch_dtype"] : ["dtype"] : ["torch_dtype"];
        foreach (string key in keys) json[key] = HuggingFaceConfig.NameOf(type);
        return json.ToJsonString(new() { WriteIndented = true }) + "\n";
    }

    /// <summary>True for a model folder that other programs take for Gemma-2.</summary>
    public bool IsGemma2Folder => ModelFolder is not null && Config()["model_type"]?.GetValueKind() == JsonValueKind.String && (string?)Config()["model_type"] == "gemma2";

    // Of a key that stands twice the last counts, as when it was read.
    private JsonObject Config()
    {
        using var json = JsonText.Parse(RegularFile.ReadAllBytes(Path.Combine(ModelFolder!, ModelFormat.ModelFolder.ConfigFile), HuggingFaceConfig.MaxBytes));
        var config = new JsonObject();
        foreach (var entry in json.RootElement.EnumerateObject()) config[entry.Name] = JsonNode.Parse(entry.Value.GetRawText());
        return config;
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Source.Dispose();
}
