using System.Globalization;

namespace SparkTrain.Bench;

/// <summary>The speed of reading a prompt, on random weights: our dense model, Spark executed densely, Spark, and llama.cpp, in turn.</summary>
internal static class DecodePrefill
{
    /// <summary><c>[tokens=512] [chunk=512] [threads=2] [rounds=5] [dense=gemma2-2b] [spark=spark-2b] [gguf=FILE|none] [llama=flash] [busy=keep]</c>.</summary>
    public static int Run(Settings settings)
    {
        int tokens = settings.Int("tokens", 512), chunk = settings.Int("chunk", tokens), threads = settings.Int("threads", Environment.ProcessorCount), rounds = settings.Int("rounds", 5);
        OtherLoad.TryRaisePriority();
        using var dense = new EngineSubject(DecodeModels.Shape(settings["dense", DecodeModels.Dense]), new(), 1, [threads]);
        using var spark = new EngineSubject(DecodeModels.Shape(settings["spark", DecodeModels.Spark]), new(), 1, [threads]);
        using var gguf = LlamaModel.Use(settings["gguf", ""], settings["dense", DecodeModels.Dense]);
        using var llama = gguf is null ? null : new LlamaPeer(gguf.Path, 1, settings["llama", "flash"]);
        List<(string Name, Func<double> Sample)> subjects =
        [
            ("dense, bf16", () => dense.Prefill(threads, tokens, chunk)),
            ("Spark, densely, bf16", () => spark.Prefill(threads, tokens, chunk, isSparse: false)),
            ("Spark, bf16", () => spark.Prefill(threads, tokens, chunk)),
        ];
        if (llama is not null) subjects.Add(($"{SpeedRow.Llama}, bf16", () => tokens / llama.Prefill(tokens, threads)));
        foreach (var (_, sample) in subjects) sample();
        var clean = new CleanRounds(rounds, settings["busy", "drop"] == "keep" ? null : new OtherLoad(llama));
        double[][] samples = clean.Take([.. subjects.Select(subject => subject.Sample)]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"prefill of {tokens} random tokens, {chunk} a call, {threads} thread{(threads > 1 ? "s" : "")}; {clean.Whole} whole rounds, {clean.Dropped} samples dropped because other programs ran; medians (least–largest)"));
        Console.WriteLine($"  {"",-24}{"tokens/s",-26}{"x dense",-22}{(llama is null ? "" : "x llama.cpp")}");
        for (int i = 0; i < subjects.Count; i++)
            Console.WriteLine($"  {subjects[i].Name,-24}{Spread.Of(samples[i])?.Text("f1") ?? "–",-26}{Spread.OfRatios(samples[i], samples[0])?.Text("f2") ?? "–",-22}{(llama is null ? "" : Spread.OfRatios(samples[i], samples[^1])?.Text("f2") ?? "–")}");
        return 0;
    }
}
