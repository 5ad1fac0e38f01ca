using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SparkTrain.Dashboard;
using SparkTrain.Data;
using SparkTrain.Generation;
using SparkTrain.Http;
using SparkTrain.Launcher.Generation;
using SparkTrain.Launcher.Supervision;
using SparkTrain.ModelFormat;
using SparkTrain.Serving;
using SparkTrain.Tokenizers;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>What comes over the network or from a file that an option names: requests, events, prompts, questions, machines, heartbeats.</summary>
internal static class RequestInputs
{
    private const string File = "input", JournalFile = "events.jsonl", PackedFile = "packed", SequenceFile = "sequences";
    private const int MostUnpackedBytes = 1 << 22, Ranks = 8;

    private static readonly ModelConfig Model = new()
    {
        VocabSize = 258, DModel = 8, NumLayers = 1, MaxSeqLen = 2000,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 8 },
        Attention = new() { Kind = AttentionKind.Dense, NumHeads = 1, NumKvHeads = 1, HeadDim = 8, Window = 8 },
    };

    private static readonly PromptTokens Prompts = new(new("model", new Undecided(), new ByteTokenizer()), new());

    /// <summary>Bodies of requests for completions.</summary>
    public static IReadOnlyList<FuzzInput> Completions(string folder) =>
    [
        FuzzInput.Of(File, """{"model":"model","prompt":"Hello ä","max_tokens":5,"temperature":0.5,"top_p":0.9,"top_k":-1,"n":2,"stop":["\n","a"],"logprobs":3,"echo":true,"seed":7,"user":"u","presence_penalty":0,"logit_bias":{},"stream":false}"""),
        FuzzInput.Of(File, """{"prompt":[[1,2,3],[4]],"stream":true,"stream_options":{"include_usage":true},"best_of":1,"suffix":null}"""),
        FuzzInput.Of(File, """{"prompt":["a","b"],"min_p":0.1,"repetition_penalty":1.1,"max_tokens":0}"""),
        FuzzInput.Of(File, """{"prompt":[1,2,3],"stop":"x"}"""),
    ];

    /// <summary>Reads such a body, up to what the scheduler would be given.</summary>
    public static void ReadCompletion(string folder) => Prompts.Prepare(CompletionRequestReader.Read(Bytes(folder, File)), default);

    /// <summary>Batches of events, packed or not, and journals.</summary>
    public static IReadOnlyList<FuzzInput> Events(string folder) =>
        [FuzzInput.Of(File, RunInputs.Batch), FuzzInput.Of(JournalFile, RunInputs.Journal), FuzzInput.Of(PackedFile, TextInputs.Gzip(System.Text.Encoding.UTF8.GetBytes(RunInputs.Batch)))];

    /// <summary>Stores them as a dashboard does, and reads what it then shows.</summary>
    public static void ReadEvents(string folder)
    {
        using var store = new EventStore(new() { Database = Path.Combine(folder, "dashboard.db"), Log = _ => { } });
        if (Bytes(folder, JournalFile) is { } lines) store.Add(lines);
        if (Bytes(folder, File) is { } batch) store.AddBatch(batch);
        if (Bytes(folder, PackedFile) is { } packed)
        {
            var http = new DefaultHttpContext { Request = { Body = new MemoryStream(packed), Headers = { ContentEncoding = "gzip" } } };
            store.AddBatch(new RequestBody(MostUnpackedBytes, unpacksGzip: true, (_, _, _) => { }).ReadAsync(http).GetAwaiter().GetResult());
        }
        Show(store);
    }

    // What the page of the dashboard asks for.
    private static void Show(EventStore store)
    {
        using var connection = store.OpenReader();
        var queries = new RunQueries(TimeProvider.System, TimeSpan.FromMinutes(5));
        var runs = queries.Page(connection, Cursor.Newest, max: 10).Select(run => queries.One(connection, run.Id)!).ToList();
        List<object> shown = [ConfigDiff.Of([.. runs.Select(run => run.Config)])];
        foreach (var run in runs)
        {
            string id = run.Run.Id;
            var keys = RunQueries.Keys(connection, id);
            shown.AddRange([run, keys, EventQueries.Log(connection, id, "Verbose", Cursor.Newest, 10), EventQueries.Checkpoints(connection, id, 10), EventQueries.Samples(connection, id, "", long.MaxValue, 10)]);
            foreach (string key in keys.Take(4))
                shown.AddRange(Enum.GetValues<SeriesAxis>().Select(axis => new SeriesQuery(connection).Read(id, key, 0, long.MaxValue, 10, new(axis, double.NegativeInfinity, double.PositiveInfinity))).OfType<Series>());
            PointExport.WriteCsvAsync(connection, id, Stream.Null, default).GetAwaiter().GetResult();
        }
        foreach (object each in shown) JsonSerializer.SerializeToUtf8Bytes(each, each.GetType(), Json.Options);
    }

    /// <summary>Prompts, a line each.</summary>
    public static IReadOnlyList<FuzzInput> PromptFiles(string folder) =>
        [FuzzInput.Of(File, "{\"prompt\":\"Hello\",\"max_tokens\":5,\"stop\":[\"a\"],\"temperature\":0.5,\"top_k\":3,\"top_p\":0.9,\"min_p\":0.1,\"repetition_penalty\":1.1,\"seed\":1}\n{\"tokens\":[1,2,3],\"stop\":\"b\"}\n\n{\"prompt\":\"\u00e4\"}\n")];

    /// <summary>Reads them.</summary>
    public static void ReadPrompts(string folder) => new PromptLines(new ByteTokenizer(), Model, new()).Read(TextFile.Read(Path.Combine(folder, File), "--prompts"), File);

    /// <summary>Questions and sequences to evaluate, a line each.</summary>
    public static IReadOnlyList<FuzzInput> Questions(string folder) =>
    [
        FuzzInput.Of(File, "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"gold\":1}\n{\"context\":\"\",\"choices\":[\"b\",\"c\",\"d\"],\"gold\":0}\n"),
        FuzzInput.Of(SequenceFile, "{\"tokens\":[1,2,3],\"document_ids\":[0,0,1]}\n{\"text\":\"a text\"}\n{\"tokens\":[4],\"document_ids\":null}\n"),
    ];

    /// <summary>Reads them.</summary>
    public static void ReadQuestions(string folder)
    {
        if (System.IO.File.Exists(Path.Combine(folder, File))) ChoiceReader.Read(Path.Combine(folder, File));
        if (System.IO.File.Exists(Path.Combine(folder, SequenceFile)))
            foreach (var _ in SequenceReader.Read(Path.Combine(folder, SequenceFile), Model, () => new ByteTokenizer())) { }
    }

    /// <summary>Lists of machines.</summary>
    public static IReadOnlyList<FuzzInput> Hosts(string folder) => [FuzzInput.Of(File, "# machines\nnode1 slots=8\nnode2 slots=4 max_slots=8 # more\nuser@node3\n"), FuzzInput.Of(File, "node1:8\nnode2\nnode2\n10.0.0.1\n")];

    /// <summary>Reads one.</summary>
    public static void ReadHosts(string folder) => HostFile.Fill(File, HostFile.Read(Path.Combine(folder, File)), 4);

    /// <summary>What ranks tell their supervisor, a line each.</summary>
    public static IReadOnlyList<FuzzInput> Heartbeats(string folder) => [FuzzInput.Of(File, "0\t123\tnode1\t17\tforward\t\t0.500\t\n7\t124\tnode2\t9223372036854775807\tsave\tallreduce\t999999999.000\t75\n")];

    /// <summary>Reads the lines that are some.</summary>
    public static void ReadHeartbeats(string folder)
    {
        foreach (string line in System.Text.Encoding.UTF8.GetString(Bytes(folder, File)!).Split('\n'))
            if (Heartbeat.Parse(line, Ranks) is { } beat) Heartbeat.Parse(beat.ToString(), Ranks);
    }

    private static byte[]? Bytes(string folder, string file) => Path.Combine(folder, file) is var path && System.IO.File.Exists(path) ? System.IO.File.ReadAllBytes(path) : null;

    /// <summary>A model that is never asked.</summary>
    private sealed class Undecided : IForkingDecoder
    {
        public ModelConfig Config => Model;

        public ITokenSequence Begin(int capacity) => throw new NotSupportedException();

        public ITokenSequence Fork(ITokenSequence sequence, int capacity) => throw new NotSupportedException();

        public long BytesOf(ITokenSequence sequence) => throw new NotSupportedException();

        public void AppendEach(ITokenSequence sequence, ReadOnlySpan<int> tokens, Action<int, ReadOnlySpan<float>> each) => throw new NotSupportedException();

        public void Append(IReadOnlyList<NewTokens> batch, Span<float> logits) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
