using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>A model folder, Hugging Face style, opened for reading: config.json and model.safetensors, or shards with model.safetensors.index.json.</summary>
public sealed class ModelFolder : IDisposable
{
    /// <summary>The configuration's file name.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>The weights' file name when there is one file.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The file that maps each weight to its shard.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private readonly Dictionary<string, SafetensorsFile> fileOf = [];
    private readonly List<SafetensorsFile> files = [];

    private ModelFolder(string path, ModelConfig config) => (Path, Config) = (path, config);

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Opens a folder and checks that every weight of the model is there in its shape. Reads headers only.</summary>
    /// <exception cref="ModelFormatException">A file is missing, cut off or not valid; a weight is missing, misshapen or unknown.</exception>
    public static ModelFolder Open(string path)
    {
        if (!Directory.Exists(path))
            throw new ModelFormatException(path, "there is no such folder", $"a model folder with {ConfigFile} and {WeightsFile}", "check the path");
        var folder = new ModelFolder(path, HuggingFaceConfig.Read(System.IO.Path.Combine(path, ConfigFile)));
        try
        {
            folder.OpenFiles();
            folder.CheckWeights();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Returns the file that holds a weight.</summary>
    public SafetensorsFile FileOf(string weight) => fileOf[weight];

    /// <summary>Closes all files.</summary>
    public void Dispose() => files.ForEach(f => f.Dispose());

    private void OpenFiles()
    {
        string index = System.IO.Path.Combine(Path, IndexFile);
        foreach (string name in File.Exists(index) ? ShardNames(index) : [WeightsFile])
        {
            var file = SafetensorsFile.Open(System.IO.Path.Combine(Path, name));
            files.Add(file);
            foreach (string weight in file.Names) fileOf[weight] = file;
        }
    }

    private static string[] ShardNames(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index));
            string[] names = [.. json.RootElement.GetProperty("weight_map").EnumerateObject().Select(e => e.Value.GetString() ?? "").Distinct()];
            return names.All(n => n.Length > 0 && System.IO.Path.GetFileName(n) == n) ? names : throw new FormatException("a shard's name is not a plain file name");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException(index, $"not a valid index ({e.Message.TrimEnd('.')})", "an object weight_map from weight to file name", "fetch the file again", e);
        }
    }

    private void CheckWeights()
    {
        var problems = new List<string>();
        var expected = TensorNames.Of(Config);
        foreach (var (name, shape) in expected)
        {
            if (!fileOf.TryGetValue(name, out var file)) problems.Add($"{name} is missing; expected {TensorInfo.Text(shape)}");
            else if (!file.Info(name).Shape.SequenceEqual(shape)) problems.Add($"{name} is {TensorInfo.Text(file.Info(name).Shape)}; expected {TensorInfo.Text(shape)}");
            else if (file.Info(name).Type is not (TensorType.F32 or TensorType.BF16 or TensorType.F16)) problems.Add($"{name} has dtype {file.Info(name).Type}; expected F32, BF16 or F16");
        }
        // A tied model saved by others may repeat the embedding as the head.
        var known = expected.Select(t => t.Name).Append("lm_head.weight").ToHashSet();
        problems.AddRange(fileOf.Keys.Where(n => !known.Contains(n)).Order(StringComparer.Ordinal).Select(n => $"{n} is not a weight of this model"));
        if (problems.Count == 0) return;
        string more = problems.Count > 8 ? $"\n    … and {problems.Count - 8} more" : "";
        throw new ModelFormatException(Path, $"the weights do not fit {ConfigFile}:\n    {string.Join("\n    ", problems.Take(8))}{more}", "every weight in the shape that it asks for", "use the weights and the config.json of one model");
    }
}
