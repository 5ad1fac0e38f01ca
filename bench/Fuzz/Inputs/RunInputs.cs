using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Telemetry;
using SparkTrain.Tokenizers;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>Folders of runs and checkpoints as training leaves them.</summary>
internal static class RunInputs
{
    private const string Config = """
        {
          "Run": { "Name": "run", "Folder": "runs" },
          "Model": {
            "VocabSize": 258, "DModel": 8, "NumLayers": 1, "MaxSeqLen": 16, "TopkSelector": "Statistical",
            "Ffn": { "Kind": "Spark", "DFf": 16, "PredictorDim": 4, "Active": 4 },
            "Attention": { "Kind": "Spark", "NumHeads": 2, "NumKvHeads": 1, "HeadDim": 4, "PredictorDim": 2, "Active": 4, "Window": 8 }
          },
          "Data": { "Folder": "data" },
          "Training": { "Steps": 4, "SeqLen": 8, "GlobalBatchTokens": 64, "MicroBatch": 4, "Threads": 1 },
          "LrSchedule": { "Lr": 1e-2, "WarmupSteps": 1 },
          "Distributed": { "Reduce": "SlotTree" }
        }
        """;

    private const string Events = """
        {"Timestamp":"2026-01-01T00:00:00.0000000+00:00","Level":"Information","MessageTemplate":"start","RenderedMessage":"start","Properties":{"Run":"run","RunId":"0123456789abcdef0123456789abcdef","Sequence":0,"Kind":"RunStarted","Step":0,"Command":"train","Host":"a","Ranks":1,"Parameters":1000,"Config":{"Training":{"Steps":4}}}}
        {"Timestamp":"2026-01-01T00:00:01.0000000+00:00","Level":"Information","MessageTemplate":"step","RenderedMessage":"step 1","Properties":{"Run":"run","RunId":"0123456789abcdef0123456789abcdef","Sequence":1,"Kind":"Metrics","Step":1,"Metrics":{"loss":5.5,"tokens":64,"ffn_active_fraction_by_layer":[0.1,0.2],"val_loss_by_source":{"a":1}}}}
        {"Timestamp":"2026-01-01T00:00:02.0000000+00:00","Level":"Warning","MessageTemplate":"warn {A}","RenderedMessage":"warn 1","Exception":"x","Properties":{"Run":"run","RunId":"0123456789abcdef0123456789abcdef","Sequence":2,"A":1}}
        {"Timestamp":"2026-01-01T00:00:03.0000000+00:00","Level":"Information","MessageTemplate":"sample","RenderedMessage":"sample","Properties":{"Run":"run","RunId":"0123456789abcdef0123456789abcdef","Sequence":3,"Kind":"Sample","Step":2,"Prompt":"a","Text":"b"}}
        {"Timestamp":"2026-01-01T00:00:04.0000000+00:00","Level":"Information","MessageTemplate":"saved","RenderedMessage":"saved","Properties":{"Run":"run","RunId":"0123456789abcdef0123456789abcdef","Sequence":4,"Kind":"Checkpoint","Step":2,"Path":"checkpoints/step-00000002","Bytes":100,"Seconds":0.1}}
        {"Timestamp":"2026-01-01T00:00:05.0000000+00:00","Level":"Information","MessageTemplate":"end","RenderedMessage":"end","Properties":{"Run":"run","RunId":"0123456789abcdef0123456789abcdef","Sequence":5,"Kind":"RunEnded","Step":4,"Status":"complete"}}

        """;

    private const string Metrics = """
        {"step":0,"tokens":0,"val_loss":5.6,"val_bits_per_byte":8.0}
        {"step":1,"tokens":64,"loss":5.5,"lr":0.01,"grad_norm":1.5,"tokens_per_second":1000,"mfu":0.1,"step_seconds":0.06,"data_wait_fraction":0,"ffn_active_fraction":0.25,"ffn_active_fraction_by_layer":[0.25],"attention_kept":3.5,"attention_kept_by_layer":[3.5],"source_tokens":{"data":64},"source_epochs":{"data":0.1}}
        {"step":2,"tokens":128,"loss":"NaN","lr":0.005,"grad_norm":"Infinity","val_loss":5.4,"val_loss_by_source":{"data":5.4}}

        """;

    /// <summary>A batch of events as it is sent.</summary>
    public static string Batch => "[" + string.Join(",", Events.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) + "]";

    /// <summary>A journal.</summary>
    public static string Journal => Events;

    /// <summary>Makes the folder of a run that has ended.</summary>
    public static IReadOnlyList<FuzzInput> Folders(string folder) =>
    [
        Of(("config.json", Config), ("metrics.jsonl", Metrics), ("log/events.jsonl", Events), ("log/events.id", "0123456789abcdef0123456789abcdef\nrun\n/runs/run\n"), ("log/events.bookmark", """{"Url":"http://127.0.0.1:1/api/events","Offset":10}"""),
            ("generated.jsonl", "{\"step\":2,\"prompt\":\"a\",\"text\":\"b\\n\\u001b\"}\n{\"step\":2,\"prompt\":\"c\",\"text\":\"d\"}\n"),
            ("trace.jsonl", """{"step":1,"loss":5.5,"grad_norm":1.5,"samples":[0,1,2,3],"tokens_hash":"00","weights_hash":"01","first_moments_hash":"02","second_moments_hash":"03"}""" + "\n"),
            ("report.json", """{"run":"run","status":"complete","ended":"2026-01-01T00:00:05Z","step":4,"steps":4,"tokens":256,"config":{"Training":{"Steps":4}}}""")),
    ];

    /// <summary>Reads a run in all the ways in which it is listed, shown, compared, sent and gone on with.</summary>
    public static void ReadFolder(string folder)
    {
        string copy = Path.Combine(folder, "journal", "events.jsonl");
        foreach (string[] verb in (string[][])[["ls", folder + "/.."], ["show", folder], ["show", folder, "--format", "json"], ["diff", folder, folder], ["diff", folder, folder, "--format", "json"]]) Verb.Run(["runs", .. verb]);
        var run = RunFolder.At(folder);
        MetricsFile.ReadValLosses(run.MetricsFile);
        if (File.Exists(run.TraceFile) && StepTrace.Read(run.TraceFile) is var trace) TraceComparison.Of(trace, trace, steps: 2, comparesBits: true);
        if (!File.Exists(run.Events)) return;
        foreach (var _ in LoggedWarning.Read(run.Events)) { }
        Bookmark.Read(run.Events, "http://127.0.0.1:1/api/events");
        using (var journal = File.OpenRead(run.Events))
            for (long at = 0; at >= 0;)
            {
                var batch = EventBatch.Read(journal, at, mostEvents: 3, mostBytes: 1 << 16);
                if (batch.Lines.Count > 0) batch.Body(0, batch.Lines.Count, isCompressed: false);
                at = batch.Lines.Count == 0 && batch.EndOffset == at ? -1 : batch.EndOffset;
            }
        var trained = Trained(folder);
        ComputeChoice.Decide(trained with { Run = trained.Run with { Folder = Path.GetDirectoryName(folder)!, Name = Path.GetFileName(folder) }, Training = trained.Training with { Compute = ComputeType.Auto } }, new SingleProcess());
        // Going on changes it.
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        foreach (string name in Directory.GetFiles(run.Log)) File.Copy(name, Path.Combine(Path.GetDirectoryName(copy)!, Path.GetFileName(name)));
        foreach (string name in (string[])["run", "other"])
            using (new EventJournal(copy, new(name, folder, _ => false))) { }
        if (File.Exists(run.MetricsFile))
            using (new MetricsFile(run.MetricsFile, resumeStep: 1)) { }
    }

    /// <summary>Makes the folder of a run with a checkpoint of two ranks.</summary>
    public static unsafe IReadOnlyList<FuzzInput> Checkpoints(string folder)
    {
        string run = Path.Combine(folder, "run");
        Directory.CreateDirectory(run);
        var config = Trained(folder);
        var store = new CheckpointStore(Path.Combine(run, "checkpoints"));
        string temporary = store.TemporaryOf(2);
        Directory.CreateDirectory(temporary);
        var weights = WeightSlots.Of(config.Model);
        float[] values = [.. Enumerable.Range(0, (int)weights.Max(weight => weight.Count)).Select(i => i / 1000f)];
        var files = new Dictionary<string, ShardFile>();
        fixed (float* first = values)
        {
            byte* bytes = (byte*)first;
            for (int rank = 0; rank < 2; rank++)
            {
                // Each rank has one half of the first weight, and every other one of the rest.
                string name = CheckpointManifest.ShardName(rank, 2), path = Path.Combine(temporary, name);
                var pieces = weights.Index().Where(weight => weight.Index == 0 || weight.Index % 2 == rank).Select(weight => Piece(weight.Item, weight.Index == 0 ? rank : null));
                string hash = SafetensorsWriter.Write(path, [.. pieces.Select(piece => (piece.Info, (SafetensorsWriter.Source)(() => bytes)))]);
                files[name] = new(new FileInfo(path).Length, hash);
            }
        }
        store.Publish(2, files, tensors => new()
        {
            FormatVersion = CheckpointManifest.CurrentFormat, CodeVersion = "0", Progress = new(2, 128, 16, 1.5), WorldSize = 2, Seed = 1, DataFingerprint = "0", Config = TrainState.ConfigJson(config), Files = files, Tensors = tensors,
        });
        new ByteTokenizer().Save(Path.Combine(run, "tokenizer"));
        return [FuzzInput.OfFolder(run)];
    }

    /// <summary>Gives most damaged checkpoints hashes of what they hold.</summary>
    public static void Seal(IDictionary<string, byte[]> files, Random random)
    {
        if (random.Next(4) == 0 || files.Keys.FirstOrDefault(name => name.EndsWith(CheckpointManifest.FileName, StringComparison.Ordinal)) is not { } manifest) return;
        string checkpoint = Path.GetDirectoryName(manifest)!, json = Encoding.UTF8.GetString(files[manifest]);
        // In the text, whatever has become of it.
        foreach (string name in files.Keys.Where(name => name.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            int at = json.IndexOf($"\"{Path.GetFileName(name)}\": {{", StringComparison.Ordinal), end = at < 0 ? -1 : json.IndexOf('}', at);
            if (end < 0) continue;
            var file = new JsonObject { ["bytes"] = files[name].Length, ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(files[name])) };
            json = $"{json[..at]}{JsonSerializer.Serialize(Path.GetFileName(name))}: {file.ToJsonString()}{json[(end + 1)..]}";
        }
        files[manifest] = Encoding.UTF8.GetBytes(json);
        files[Path.Combine(checkpoint, CompleteMark.FileName)] = CompleteMark.Of(files[manifest]);
    }

    /// <summary>Reads checkpoints in all the ways in which they are shown, verified and loaded.</summary>
    public static unsafe void ReadCheckpoints(string folder)
    {
        foreach (string[] more in (string[][])[[], ["--json"]]) Verb.Run(["inspect", folder, .. more]);
        foreach (string checkpoint in new CheckpointStore(Path.Combine(folder, "checkpoints")).Complete())
        {
            CheckpointVerification.Problems(checkpoint);
            foreach (string[] more in (string[][])[["--tensors", "--config"], ["--json", "--tensors", "--config", "--verify"]]) Verb.Run(["inspect", checkpoint, .. more]);
        }
        var current = TrainState.ConfigJson(Trained(folder));
        using var source = ModelSource.Open(folder, skipped: null);
        if (source.Run is var (_, manifest)) _ = ConfigChange.Forbidden(manifest.Config, current).Count + ConfigChange.Forbidden(current, manifest.Config).Count;
        foreach (var weight in WeightSlots.Of(source.Config)) source.Weights.Read(weight);
    }

    private static TrainConfig Trained(string folder)
    {
        string file = Path.Combine(folder, "trained.json");
        File.WriteAllText(file, Config);
        return StrictConfiguration.Load<TrainConfig>(file, []).Value;
    }

    private static TensorPiece Piece(WeightSlot weight, int? half) =>
        half is { } which ? new(weight.Name, weight.Shape, which * (weight.Count / 2), weight.Count / 2) : new(weight.Name, weight.Shape, 0, weight.Count);

    private static FuzzInput Of(params (string Name, string Text)[] files) => new(new SortedDictionary<string, byte[]>(files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetBytes(file.Text)), StringComparer.Ordinal));
}
