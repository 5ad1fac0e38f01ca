using SparkTrain.Data;
using SparkTrain.Input;

namespace SparkTrain.Bench;

/// <summary>The readers of foreign input, and what each is given. A reader that is new is one line here.</summary>
internal static class FuzzReaders
{
    private const string TextField = "text";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzReader> All { get; } =
    [
        new("parquet", ParquetInputs.Make, ReadDocuments),
        new("arrow", ArrowInputs.Make, ArrowInputs.Read),
        new("dataset", DatasetInputs.Make, DatasetInputs.Read) { Seal = DatasetInputs.Seal },
        new("unfinished", UnfinishedInputs.Make, UnfinishedInputs.Read),
        new("text", TextInputs.Plain, ReadDocuments),
        new("packed", TextInputs.Packed, ReadDocuments),
        new("archive", TextInputs.Archives, ReadDocuments) { IsAlwaysRefused = true },
        new("safetensors", ModelInputs.Tensors, ModelInputs.ReadTensors) { Seal = ModelInputs.Join },
        new("model", ModelInputs.Folders, ModelInputs.ReadFolder),
        new("tokenizer", TokenizerInputs.Make, TokenizerInputs.ReadFolder),
        new("tiktoken", TokenizerInputs.MakeRanks, TokenizerInputs.ReadRanks),
        new("checkpoint", RunInputs.Checkpoints, RunInputs.ReadCheckpoints) { Seal = RunInputs.Seal },
        new("run", RunInputs.Folders, RunInputs.ReadFolder),
        new("config", ConfigInputs.Make, ConfigInputs.Read) { MostBytes = 256L << 20 },
        new("prompts", RequestInputs.PromptFiles, RequestInputs.ReadPrompts),
        new("questions", RequestInputs.Questions, RequestInputs.ReadQuestions),
        new("completion", RequestInputs.Completions, RequestInputs.ReadCompletion),
        new("events", RequestInputs.Events, RequestInputs.ReadEvents),
        new("hostfile", RequestInputs.Hosts, RequestInputs.ReadHosts),
        new("heartbeat", RequestInputs.Heartbeats, RequestInputs.ReadHeartbeats),
    ];

    /// <summary>Finds a reader, one of <see cref="All"/> or of <see cref="FuzzCanaries"/>.</summary>
    /// <exception cref="ArgumentException">There is no such reader.</exception>
    public static FuzzReader Find(string name) =>
        All.Concat(FuzzCanaries.All).FirstOrDefault(reader => reader.Name == name) ?? throw new ArgumentException($"there is no reader '{name}'; readers are {string.Join(", ", All.Select(reader => reader.Name))}", nameof(name));

    // As prepare does, by name and in a folder, which may hold nothing that is read without being named.
    private static void ReadDocuments(string folder)
    {
        foreach (string file in Directory.GetFiles(folder)) ReadAll(file);
        try
        {
            ReadAll(folder);
        }
        catch (DataException)
        {
        }
    }

    /// <summary>Reads all documents of a source, as prepare does.</summary>
    public static void ReadAll(string spec)
    {
        foreach (var _ in DocumentSources.Open(spec, TextField).ReadDocuments()) { }
    }
}
