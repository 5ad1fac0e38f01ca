using System.Globalization;
using System.Net;
using Serilog;
using SparkTrain.Checkpoints;
using SparkTrain.Inference;
using SparkTrain.ModelFormat;
using SparkTrain.Serving;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>Many clients of the completions server on loopback: whether every answer is that of its prompt alone, whether all memory is freed, and how fast it is against one client.</summary>
internal static class ServeBench
{
    /// <summary>Runs it, with settings such as <c>clients=1,8,32</c>; returns 1 where an answer is wrong or lost, or memory is kept.</summary>
    public static int Run(string[] arguments)
    {
        var settings = new Settings(arguments);
        int[] clients = settings.Ints("clients", "1,8,32");
        var (engine, tokenizer, name) = Load(settings);
        using var loaded = engine;
        var limits = new SchedulerOptions { MaxSequences = settings.Int("sequences", 16), Queue = Math.Max(64, clients.Max()), StepTokens = settings.Int("step", 128) };
        int most = settings.Int("tokens", 48), longest = Math.Min(settings.Int("prompt", 400), engine.Config.MaxSeqLen - most);
        var requests = ServeRequest.Draw(settings.Int("requests", 200), Math.Min(engine.Config.VocabSize, 256), most, longest, double.Parse(settings["leaving", "0.2"], CultureInfo.InvariantCulture));
        Console.WriteLine(FormattableString.Invariant($"{name}: {requests.Length} requests, {requests.Count(r => r.LeavesAfter is not null)} of them cancelled; {requests.Sum(r => r.Prompt.Length):N0} tokens of prompts; {limits.MaxSequences} sequences, {limits.StepTokens} tokens a step"));
        var names = new TokenText(tokenizer);
        string[][] expected = [.. requests.Select(request => request.Alone(engine, tokenizer.EosToken).Select(names.Of).ToArray())];
        try
        {
            Measure(new("bench", engine, tokenizer), new() { Listen = new(IPAddress.Loopback, 0), Scheduler = limits }, requests, expected, clients, settings.Int("rounds", 3)).GetAwaiter().GetResult();
            return 0;
        }
        catch (InvalidOperationException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static async Task Measure(ServedModel model, ServingOptions options, ServeRequest[] requests, string[][] expected, int[] clients, int count)
    {
        await using var server = await CompletionServer.StartAsync(model, options, new LoggerConfiguration().CreateLogger());
        // Until the JIT's last tier is in place.
        await ServeRound.RunAsync(server, requests[..(requests.Length / 4)], expected, clients.Max());
        var rounds = clients.ToDictionary(number => number, _ => new List<ServeRound>());
        for (int round = 0; round < count; round++)
            foreach (int number in clients) rounds[number].Add(await ServeRound.RunAsync(server, requests, expected, number));
        Console.WriteLine("clients  tokens/s  x one client  first token p50    p95   whole p50    p95    p99  answers compared  cancelled");
        foreach (int number in clients)
        {
            var own = rounds[number];
            // Alternating rounds: each is compared with the first number of clients in the same round.
            double ratio = RoundRobin.Median(own.Zip(rounds[clients[0]], (mine, first) => mine.Rate / first.Rate));
            var outcomes = own.SelectMany(round => round.Outcomes).ToList();
            double First(double share) => Percentile(outcomes.Where(outcome => outcome.First is not null).Select(outcome => outcome.First!.Value), share);
            double All(double share) => Percentile(outcomes.Select(outcome => outcome.All), share);
            Console.WriteLine(FormattableString.Invariant($"{number,7}  {RoundRobin.Median(own.Select(round => round.Rate)),8:N0}  {ratio,12:F2}  {First(0.5),12:F3} s  {First(0.95),6:F3}  {All(0.5),9:F3} s {All(0.95),6:F3} {All(0.99),6:F3}  {outcomes.Count,16}  {own.Sum(round => round.Left),9}"));
        }
        Console.WriteLine("every answer is that of its prompt alone; no keys and values are left");
    }

    private static double Percentile(IEnumerable<TimeSpan> times, double share)
    {
        TimeSpan[] sorted = [.. times.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))].TotalSeconds;
    }

    private static (SparseEngine Engine, ITokenizer Tokenizer, string Name) Load(Settings settings)
    {
        var options = new EngineOptions { Threads = settings.Int("threads", 0) };
        if (settings["model", ""] is { Length: > 0 } path)
        {
            using var source = ModelSource.Open(path, skipped: null);
            return (SparseEngine.Load(source.Weights, options), TokenizerLoader.LoadFor(source.TokenizerFolder, source.Config.VocabSize), path);
        }
        string config = settings["config", "spark-8m"];
        using var weights = new RandomWeights(DecodeModels.Shape(config), seed: 1);
        return (SparseEngine.Load(weights, options), new ByteTokenizer(), $"random weights of {config}");
    }
}
