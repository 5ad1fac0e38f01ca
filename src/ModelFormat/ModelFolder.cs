using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>A model folder, Hugging Face style, opened for reading: config.json and model.safetensors, or shards with model.safetensors.index.json.</summary>
public sealed unsafe class ModelFolder : IWeightSource
{
    /// <summary>The configuration's file name.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>The weights' file name when there is one file.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The file that maps each weight to its shard.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    /// <summary>The head's weight, which files of a tied model may repeat beside the embedding.</summary>
    public const string HeadWeight = "lm_head.weight";

    // 1024 layers of 11 weights with long names are not a twentieth of it.
    private const long MaxIndexBytes = 32 << 20;

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

    /// <inheritdoc/>
    public TensorType TypeOf(string weight) => fileOf[weight].Info(weight).Type;

    /// <inheritdoc/>
    public byte* Read(string weight) => fileOf[weight].Pointer(weight);

    /// <summary>Reads the head's weight, where there is one, and checks that it is the embedding.</summary>
    /// <exception cref="ModelFormatException">It has other values: the head of this model family is tied.</exception>
    public void RequireTiedHead()
    {
        if (!fileOf.TryGetValue(HeadWeight, out var head)) return;
        byte* table = Read(TensorNames.Embedding), repeated = head.Pointer(HeadWeight);
        long bytes = head.Info(HeadWeight).ByteLength;
        for (long at = 0; at < bytes; at += int.MaxValue)
        {
            int count = (int)Math.Min(int.MaxValue, bytes - at);
            if (!new ReadOnlySpan<byte>(table + at, count).SequenceEqual(new(repeated + at, count)))
                throw new ModelFormatException(head.Path, $"{HeadWeight} has other values than {TensorNames.Embedding}", "a tied head: this model family has no other", "use a model whose head is tied");
        }
    }

    /// <summary>Closes all files.</summary>
    public void Dispose() => files.ForEach(f => f.Dispose());

    private void OpenFiles()
    {
        string index = System.IO.Path.Combine(Path, IndexFile);
        if (!File.Exists(index))
        {
            Add(SafetensorsFile.Open(System.IO.Path.Combine(Path, WeightsFile)));
            return;
        }
        var map = ReadIndex(index);
        foreach (string name in map.Values.Distinct()) Add(SafetensorsFile.Open(System.IO.Path.Combine(Path, name)));
        foreach (var (weight, name) in map)
            if (!fileOf.TryGetValue(weight, out var file) || System.IO.Path.GetFileName(file.Path) != name)
                throw BadIndex(index, $"it places {weight} in {name}, where it is not");
        if (fileOf.Keys.FirstOrDefault(weight => !map.ContainsKey(weight)) is { } unnamed)
            throw BadIndex(index, $"it does not name {unnamed}, which {System.IO.Path.GetFileName(fileOf[unnamed].Path)} holds");
    }

    private void Add(SafetensorsFile file)
    {
        files.Add(file);
        foreach (string weight in file.Names)
            if (!fileOf.TryAdd(weight, file))
                throw new ModelFormatException(Path, $"{weight} is in {System.IO.Path.GetFileName(fileOf[weight].Path)} and in {System.IO.Path.GetFileName(file.Path)}", "each weight once", "fetch or write the folder again");
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        try
        {
            if (new FileInfo(index) is { Length: > MaxIndexBytes and var length }) throw BadIndex(index, $"it has {length} bytes");
            using var json = JsonDocument.Parse(File.ReadAllBytes(index));
            var map = new Dictionary<string, string>();
            foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string name = entry.Value.GetString() ?? "";
                if (name is "" or "." or ".." || name.IndexOfAny(System.IO.Path.GetInvalidFileNameChars()) >= 0) throw new FormatException("a shard's name is not a plain file name");
                if (!map.TryAdd(entry.Name, name)) throw new FormatException($"it names {entry.Name} twice");
            }
            return map;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw BadIndex(index, e.Message.TrimEnd('.'), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(index, $"it cannot be read ({e.Message.TrimEnd('.')})", "a file that this user may read", "check the path and its permissions", e);
        }
    }

    private static ModelFormatException BadIndex(string index, string found, Exception? inner = null) =>
        new(index, $"not a valid index ({found})", "an object weight_map from each weight to the name of its file", "fetch or write the folder again", inner);

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
        if (fileOf.TryGetValue(HeadWeight, out var head) && fileOf.TryGetValue(TensorNames.Embedding, out var table)
            && (head.Info(HeadWeight) is var h && table.Info(TensorNames.Embedding) is var t) && (h.Type != t.Type || !h.Shape.SequenceEqual(t.Shape)))
            problems.Add($"{HeadWeight} is {TensorInfo.Text(h.Shape)} {h.Type}, the embedding {TensorInfo.Text(t.Shape)} {t.Type}; expected the same table");
        var known = expected.Select(t => t.Name).Append(HeadWeight).ToHashSet();
        problems.AddRange(fileOf.Keys.Where(n => !known.Contains(n)).Order(StringComparer.Ordinal).Select(n => $"{n} is not a weight of this model"));
        if (problems.Count == 0) return;
        string more = problems.Count > 8 ? $"\n    … and {problems.Count - 8} more" : "";
        throw new ModelFormatException(Path, $"the weights do not fit {ConfigFile}:\n    {string.Join("\n    ", problems.Take(8))}{more}", "every weight in the shape that it asks for", "use the weights and the config.json of one model");
    }
}
