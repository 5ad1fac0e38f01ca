using System.Buffers.Binary;
using System.Text;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Launcher.Export;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>Model folders and files of tensors.</summary>
internal static class ModelInputs
{
    private const string HeaderEnding = ".header", DataEnding = ".data";

    private static readonly ModelConfig Gemma = new()
    {
        VocabSize = 258, DModel = 16, NumLayers = 2, MaxSeqLen = 32, FinalLogitSoftcap = 30,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 32 },
        Attention = new() { Kind = AttentionKind.Dense, NumHeads = 2, NumKvHeads = 1, HeadDim = 8, Window = 16, LogitSoftcap = 50 },
    };

    private static readonly ModelConfig Spark = Gemma with
    {
        Ffn = new() { Kind = FfnKind.Spark, DFf = 32, PredictorDim = 8, Active = 4 },
        Attention = Gemma.Attention with { Kind = AttentionKind.Spark, PredictorDim = 4, Active = 4 },
    };

    /// <summary>Makes model folders: one file of weights, and several with an index.</summary>
    public static IReadOnlyList<FuzzInput> Folders(string folder) => [Folder(Path.Combine(folder, "gemma"), Gemma, 1 << 30), Folder(Path.Combine(folder, "spark"), Spark, 6000)];

    /// <summary>Makes safetensors files, whole ones, and such that header and data are damaged apart.</summary>
    public static IReadOnlyList<FuzzInput> Tensors(string folder)
    {
        const string Header = """{"__metadata__":{"format":"pt","a":"b"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"s":{"dtype":"I64","shape":[],"data_offsets":[24,32]},"e":{"dtype":"BF16","shape":[0,4],"data_offsets":[32,32]},"h":{"dtype":"F16","shape":[4],"data_offsets":[32,40]}}""";
        byte[] header = Encoding.UTF8.GetBytes(Header), data = [.. Enumerable.Range(0, 40).Select(i => (byte)(7 * i))];
        var apart = new FuzzInput(new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["t.safetensors" + HeaderEnding] = header, ["t.safetensors" + DataEnding] = data });
        return [apart, FuzzInput.Of("t.safetensors", Joined(header, data)), FuzzInput.Of("t.safetensors", Joined("{}"u8.ToArray(), []))];
    }

    /// <summary>Puts headers before their data, with their length.</summary>
    public static void Join(IDictionary<string, byte[]> files, Random random)
    {
        foreach (string name in files.Keys.Where(name => name.EndsWith(HeaderEnding, StringComparison.Ordinal)).ToList())
        {
            string file = name[..^HeaderEnding.Length];
            files[file] = Joined(files[name], files.TryGetValue(file + DataEnding, out byte[]? data) ? data : []);
        }
    }

    /// <summary>Reads every tensor of a file.</summary>
    public static void ReadTensors(string folder)
    {
        string path = Path.Combine(folder, "t.safetensors");
        if (!File.Exists(path)) return;
        using var file = SafetensorsFile.Open(path);
        foreach (string name in file.Names)
        {
            _ = file.Info(name).Count;
            Touch(file.Bytes(name));
        }
        _ = file.Metadata.Count;
    }

    /// <summary>Opens a model, reads every weight and its tokenizer, shows it, exports it, and takes a configuration from it, which must be one.</summary>
    public static unsafe void ReadFolder(string folder)
    {
        bool isDense;
        using (var source = ModelSource.Open(folder, skipped: null))
        {
            foreach (var weight in WeightSlots.Of(source.Config))
            {
                float[] values = new float[weight.Count];
                fixed (float* first = values) WeightConversion.Widen(source.Weights.Read(weight), source.Weights.TypeOf(weight), first, weight.Count);
            }
            if (TokenizerLoader.LoadFor(source.TokenizerFolder, source.Config.VocabSize) is var tokenizer && tokenizer.EosToken >= source.Config.VocabSize) throw new InvalidOperationException($"it ends with token {tokenizer.EosToken}");
            isDense = source.Config.Ffn.Kind == FfnKind.Gated;
            string imported = Path.Combine(folder, "imported.json");
            File.WriteAllText(imported, ImportedConfiguration.Render(folder, source.Config));
            if (Refusal(() => StrictConfiguration.Load<TrainConfig>(imported, [])) is { } refusal) throw new InvalidOperationException($"what is imported is refused: {refusal}");
        }
        Verb.Run("inspect", folder, "--tensors");
        Verb.Run("inspect", folder, "--json");
        Verb.Run("export", folder, "--output", Path.Combine(folder, "exported"), "--dtype", "f16");
        if (isDense) Verb.Run("export", folder, "--output", Path.Combine(folder, "exported.gguf"), "--format", "gguf");
    }

    private static string? Refusal(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (ConfigurationException e)
        {
            return e.Message;
        }
    }

    private static FuzzInput Folder(string folder, ModelConfig config, long mostBytes)
    {
        Directory.CreateDirectory(folder);
        using var weights = new RandomWeights(config, seed: 1);
        ShardedSafetensors.Write(folder, new WeightConversion(weights, TensorType.BF16), config, mostBytes);
        File.WriteAllText(Path.Combine(folder, ModelFolder.ConfigFile), HuggingFaceConfig.Write(config, TensorType.BF16));
        new ByteTokenizer().Save(folder);
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id":[257,1],"temperature":0.8}""");
        return FuzzInput.OfFolder(folder);
    }

    private static byte[] Joined(byte[] header, byte[] data)
    {
        byte[] length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    private static void Touch(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte each in bytes) sum += each;
        GC.KeepAlive(sum);
    }
}
