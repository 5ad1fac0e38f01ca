using System.Runtime.InteropServices;

namespace SparkTrain.ModelFormat;

/// <summary>A model folder, Hugging Face style, opened for reading: config.json and model.safetensors, or, where that is not there, shards with model.safetensors.index.json.</summary>
public sealed unsafe class ModelFolder : IWeightSource
{
    /// <summary>The configuration's file name.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>The weights' file name when there is one file.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The file that maps each weight to its shard.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private const string AdapterFile = "adapter_config.json";

    // How files end that hold weights in another form, or shards whose index is missing.
    private static readonly string[] OtherWeights = [".safetensors", ".bin", ".gguf", ".pt", ".pth", ".h5", ".msgpack"];

    private readonly Dictionary<string, SafetensorsFile> fileOf = [];
    private readonly List<SafetensorsFile> files = [];
    private readonly ModelFamily family;
    private readonly Dictionary<string, FileTensor> tensorOf;
    private byte* turned;

    private ModelFolder(string path, ModelConfig config, ModelFamily family)
    {
        (Path, Config, this.family) = (path, config, family);
        Weights = WeightSlots.Of(config);
        Tensors = family.Files(Weights);
        tensorOf = Tensors.SelectMany(tensor => tensor.Parts.Select(part => (part.Name, tensor))).ToDictionary();
    }

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>The model's weights.</summary>
    public WeightSlots Weights { get; }

    /// <summary>The tensors of the files, in the order of the forward pass.</summary>
    public IReadOnlyList<FileTensor> Tensors { get; }

    /// <summary>True where a folder holds a file of a model: its configuration, its weights or an adapter to them.</summary>
    public static bool IsOne(string path) => ((string[])[ConfigFile, WeightsFile, IndexFile, AdapterFile]).Any(file => File.Exists(System.IO.Path.Combine(path, file)));

    /// <summary>Opens a folder and checks that every weight of the model is there in its shape. Reads headers only.</summary>
    /// <exception cref="ModelFormatException">A file is missing, cut off or not valid; a weight is missing, misshapen or unknown.</exception>
    public static ModelFolder Open(string path)
    {
        if (!Directory.Exists(path))
            throw new ModelFormatException(path, "there is no such folder", $"a model folder with {ConfigFile} and {WeightsFile}", "check the path");
        if (File.Exists(System.IO.Path.Combine(path, AdapterFile)))
            throw new ModelFormatException(path, $"it is an adapter: it holds {AdapterFile}, whose weights belong on those of another model", "a whole model",
                $"merge it into its model, in Python: AutoPeftModelForCausalLM.from_pretrained(FOLDER).merge_and_unload().save_pretrained(OTHER); where the weights are whole already, delete {AdapterFile}");
        var config = HuggingFaceConfig.Read(System.IO.Path.Combine(path, ConfigFile), out var family);
        return Open(path, config, family);
    }

    internal static ModelFolder Open(string path, ModelConfig config, ModelFamily family)
    {
        var folder = new ModelFolder(path, config, family);
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

    /// <summary>Returns the file that holds a tensor.</summary>
    public SafetensorsFile FileOf(string tensor) => fileOf[tensor];

    /// <summary>Returns the file that holds a weight.</summary>
    public SafetensorsFile FileOf(WeightSlot weight) => fileOf[tensorOf[weight.Name].Name];

    /// <inheritdoc/>
    public TensorType TypeOf(WeightSlot weight) => FileOf(weight).Info(tensorOf[weight.Name].Name).Type;

    /// <inheritdoc/>
    public byte* Read(WeightSlot weight)
    {
        var tensor = tensorOf[weight.Name];
        byte* stored = FileOf(weight).Pointer(tensor.Name);
        int size = TypeOf(weight).Size();
        if (!tensor.IsTransposed) return stored + tensor.OffsetOf(weight) * size;
        if (turned == null) turned = (byte*)NativeMemory.Alloc(checked((nuint)Tensors.Where(t => t.IsTransposed).SelectMany(t => t.Parts).Max(part => part.Count) * sizeof(float)));
        tensor.Extract(stored, size, weight, turned);
        return turned;
    }

    /// <summary>Reads the head's weight, where there is one, and checks that it is the embedding.</summary>
    /// <exception cref="ModelFormatException">It has other values: the head of this model family is tied.</exception>
    public void RequireTiedHead()
    {
        if (!Config.Embedding.TiedHead || !fileOf.TryGetValue(family.Head, out var head)) return;
        byte* table = Read(Weights.Embedding), repeated = head.Pointer(family.Head);
        long bytes = head.Info(family.Head).ByteLength;
        for (long at = 0; at < bytes; at += int.MaxValue)
        {
            int count = (int)Math.Min(int.MaxValue, bytes - at);
            if (!new ReadOnlySpan<byte>(table + at, count).SequenceEqual(new(repeated + at, count)))
                throw new ModelFormatException(head.Path, $"{family.Head} has other values than {Embedding}", "a tied head: this model family has no other", "use a model whose head is tied");
        }
    }

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        files.ForEach(f => f.Dispose());
        NativeMemory.Free(turned);
        turned = null;
    }

    private string Embedding => tensorOf[Weights.Embedding.Name].Name;

    private void OpenFiles()
    {
        // As transformers does: where there is one file with all weights, an index beside it is left over.
        bool isWhole = File.Exists(In(WeightsFile));
        if (!isWhole && !File.Exists(In(IndexFile))) throw WithoutWeights();
        var index = isWhole ? null : ShardIndex.Read(In(IndexFile));
        (string Path, SafetensorsHeader Header)[] shards = [.. (index?.Files ?? [WeightsFile]).Select(In).Select(path => (path, SafetensorsHeader.Read(path)))];
        var nameOf = family.NameOf([.. shards.SelectMany(shard => shard.Header.Tensors.Keys)]);
        foreach (var (path, header) in shards) Add(SafetensorsFile.Open(path, header.Renamed(nameOf)));
        index?.Check(fileOf, nameOf, name => name == family.Head || family.IsBuffer(name));
    }

    private void Add(SafetensorsFile file)
    {
        files.Add(file);
        foreach (string weight in file.Names.Where(name => !family.IsBuffer(name)))
            if (!fileOf.TryAdd(weight, file))
                throw new ModelFormatException(Path, $"{weight} is in {System.IO.Path.GetFileName(fileOf[weight].Path)} and in {System.IO.Path.GetFileName(file.Path)}", "each weight once", "fetch or write the folder again");
    }

    private string In(string file) => System.IO.Path.Combine(Path, file);

    private ModelFormatException WithoutWeights()
    {
        string? other = Directory.GetFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal).FirstOrDefault(file => OtherWeights.Any(file.EndsWith));
        return new(Path, $"it holds no {WeightsFile}{(other is null ? "" : $", but {other}")}", $"weights as {WeightsFile}, or shards of it with {IndexFile}",
            other is null || other.EndsWith(".safetensors", StringComparison.Ordinal) ? "fetch the rest of the folder" : "convert them, in Python: AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(OTHER)");
    }

    private void CheckWeights()
    {
        var problems = new List<string>();
        foreach (var (name, shape) in Tensors.Select(tensor => (tensor.Name, tensor.Shape)))
        {
            if (!fileOf.TryGetValue(name, out var file)) problems.Add($"{name} is missing; expected {TensorInfo.Text(shape)}");
            else if (!file.Info(name).Shape.SequenceEqual(shape)) problems.Add($"{name} is {TensorInfo.Text(file.Info(name).Shape)}; expected {TensorInfo.Text(shape)}");
            else if (file.Info(name).Type is not (TensorType.F32 or TensorType.BF16 or TensorType.F16)) problems.Add($"{name} has dtype {file.Info(name).Type}; expected F32, BF16 or F16");
        }
        if (Config.Embedding.TiedHead && fileOf.TryGetValue(family.Head, out var head) && fileOf.TryGetValue(Embedding, out var table)
            && (head.Info(family.Head) is var h && table.Info(Embedding) is var t) && (h.Type != t.Type || !h.Shape.SequenceEqual(t.Shape)))
            problems.Add($"{family.Head} is {TensorInfo.Text(h.Shape)} {h.Type}, the embedding {TensorInfo.Text(t.Shape)} {t.Type}; expected the same table");
        var known = Tensors.Select(t => t.Name).Append(family.Head).ToHashSet();
        problems.AddRange(fileOf.Keys.Where(n => !known.Contains(n)).Order(StringComparer.Ordinal).Select(n => $"{n} is not a weight of this model"));
        if (problems.Count == 0) return;
        string more = problems.Count > 8 ? $"\n    … and {problems.Count - 8} more" : "";
        throw new ModelFormatException(Path, $"the weights do not fit {ConfigFile}:\n    {string.Join("\n    ", problems.Take(8))}{more}", "every weight in the shape that it asks for", "use the weights and the config.json of one model");
    }
}
