using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>Single-stream decoding on random weights: the memory's limit, our dense model, Spark executed densely, Spark, and llama.cpp, in turn; then Spark with 8-bit parts.</summary>
internal static class DecodeSpeed
{
    // Until the JIT's last tier is in place for all that a token needs.
    private const double WarmSeconds = 3;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// <c>[contexts=512,4096] [threads=1,2] [rounds=7] [tokens=4] [groups=bf16,precision] [screened=40] [dense=gemma2-2b] [spark=spark-2b] [gguf=FILE|none] [llama=flash] [busy=keep] [json=FILE]</c>.
    /// </summary>
    public static int Run(Settings settings)
    {
        int[] contexts = [.. settings.Ints("contexts", "512,4096").Order()], threads = settings.Ints("threads", "1,2");
        bool raised = OtherLoad.TryRaisePriority();
        var plan = new SpeedPlan(contexts, threads, settings.Int("rounds", 7), settings.Int("tokens", 4), settings["busy", "drop"] == "keep");
        Console.WriteLine($"decoding on random weights, {Environment.ProcessorCount} cores, priority {(raised ? "raised" : "as usual")}; rounds of {plan.Tokens} tokens a sample, medians (least–largest); ratios inside the rounds");
        var rows = new List<SpeedRow>();
        using (var limit = new MemoryLimit())
        using (var dense = new EngineSubject(DecodeModels.Shape(settings["dense", DecodeModels.Dense]), new(), plan.Capacity, threads))
            foreach (string group in settings["groups", "bf16,precision"].Split(','))
                rows.AddRange(group switch
                {
                    "bf16" => EqualPrecision(plan, limit, dense, settings),
                    "precision" => Precision(plan, limit, dense, settings),
                    _ => throw new ArgumentException($"groups are bf16 and precision, not {group}"),
                });
        if (settings["json", ""] is { Length: > 0 } file) File.WriteAllText(file, JsonSerializer.Serialize(rows, Indented) + "\n");
        return 0;
    }

    private static List<SpeedRow> EqualPrecision(SpeedPlan plan, MemoryLimit limit, EngineSubject dense, Settings settings)
    {
        using var spark = new EngineSubject(DecodeModels.Shape(settings["spark", DecodeModels.Spark]), new(), plan.Capacity, plan.Threads);
        using var gguf = LlamaModel.Use(settings["gguf", ""], settings["dense", DecodeModels.Dense]);
        using var llama = gguf is null ? null : new LlamaPeer(gguf.Path, plan.Capacity, settings["llama", "flash"]);
        List<SpeedSubject> subjects =
        [
            new("dense", "bf16", dense.Fill, threads => dense.Decode(threads, plan.Tokens), () => dense.Traffic()),
            new("Spark, densely", "bf16", _ => { }, threads => spark.Decode(threads, plan.Tokens, isSparse: false), () => spark.Traffic(isSparse: false)),
            new("Spark", "bf16", spark.Fill, threads => spark.Decode(threads, plan.Tokens), () => spark.Traffic()),
        ];
        // Its weights are the dense model's, in the same type, and its float16 keys and values as large as bfloat16 ones.
        if (llama is not null) subjects.Add(new(SpeedRow.Llama, "bf16, KV f16", llama.Fill, threads => plan.Tokens / llama.Decode(plan.Tokens, threads), () => dense.Traffic()));
        return Compare("bf16", plan, limit, llama, subjects);
    }

    private static List<SpeedRow> Precision(SpeedPlan plan, MemoryLimit limit, EngineSubject dense, Settings settings)
    {
        var shape = DecodeModels.Shape(settings["spark", DecodeModels.Spark]);
        int screened = settings.Int("screened", 40);
        using var predictor = new EngineSubject(shape, new() { Int8Predictor = true }, plan.Capacity, plan.Threads);
        using var both = new EngineSubject(shape, new() { Int8Predictor = true, ScreenedTokens = screened }, plan.Capacity, plan.Threads);
        return Compare("precision", plan, limit, null,
        [
            new("dense", "bf16", dense.Fill, threads => dense.Decode(threads, plan.Tokens), () => dense.Traffic()),
            new("Spark", "bf16, predictor int8", predictor.Fill, threads => predictor.Decode(threads, plan.Tokens), () => predictor.Traffic()),
            new("Spark", $"bf16, predictor int8, unembedding screened in int8", both.Fill, threads => both.Decode(threads, plan.Tokens), () => both.Traffic()),
        ]);
    }

    private static List<SpeedRow> Compare(string group, SpeedPlan plan, MemoryLimit limit, LlamaPeer? llama, List<SpeedSubject> subjects)
    {
        var rows = new List<SpeedRow>();
        foreach (int context in plan.Contexts)
        {
            foreach (var subject in subjects) subject.Fill(context);
            foreach (int threads in plan.Threads)
            {
                foreach (var subject in subjects)
                    for (var warm = Stopwatch.StartNew(); warm.Elapsed.TotalSeconds < WarmSeconds;) subject.TokensPerSecond(threads);
                var rounds = new CleanRounds(plan.Rounds, plan.KeepsAll ? null : new OtherLoad(llama));
                double[][] samples = rounds.Take([() => limit.BytesPerSecond(threads), .. subjects.Select(subject => (Func<double>)(() => subject.TokensPerSecond(threads)))]);
                var traffic = subjects.ConvertAll(subject => subject.Traffic());
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{group}: context {context}, {threads} thread{(threads > 1 ? "s" : "")}; {rounds.Whole} whole rounds, {rounds.Dropped} samples dropped because other programs ran; memory limit {Spread.Of(samples[0].Select(s => s / 1e9))?.Text("f1") ?? "–"} GB/s"));
                rows.AddRange(SpeedTable.Print(group, context, threads, subjects, traffic, samples));
            }
        }
        return rows;
    }
}

/// <summary>What is measured.</summary>
/// <param name="Contexts">Tokens that a sequence has, ascending.</param>
/// <param name="Threads">Numbers of threads.</param>
/// <param name="Rounds">Whole rounds.</param>
/// <param name="Tokens">Tokens of a sample.</param>
/// <param name="KeepsAll">True keeps samples that other programs disturbed.</param>
internal sealed record SpeedPlan(int[] Contexts, int[] Threads, int Rounds, int Tokens, bool KeepsAll)
{
    /// <summary>Tokens that a sequence has to hold.</summary>
    public int Capacity => Contexts.Max() + Math.Max(Tokens, 16);
}

/// <summary>One of those that are compared.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Precision">What its weights are held in, and keys and values where these differ.</param>
/// <param name="Fill">Lets its sequence have so many tokens.</param>
/// <param name="TokensPerSecond">Takes a sample with so many threads.</param>
/// <param name="Traffic">Bytes that a token must read.</param>
internal sealed record SpeedSubject(string Name, string Precision, Action<int> Fill, Func<int, double> TokensPerSecond, Func<DecodeTraffic> Traffic);
