using System.Diagnostics;
using System.Globalization;
using SparkTrain.Model;
using SparkTrain.Native;
using SparkTrain.Trainer;
using static TorchSharp.torch;

namespace SparkTrain.Bench;

/// <summary>What it costs to watch sparsity: steps that count active neurons and kept keys, and audits, against steps that do neither, in turn.</summary>
internal static class SparsityBench
{
    public static int Run(string[] arguments)
    {
        int threads = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 0;
        int rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 9;
        LibTorch.Load(threads);
        var (config, defaults) = (TrainStepBench.Spark, new SparsityConfig());
        var sink = new SparsitySink(config.NumLayers);
        var audit = new SparsityAudit(config, defaults.AuditPositions);
        using var plain = new BenchStep(config, new() { Dtype = ScalarType.BFloat16 });
        using var watched = new BenchStep(config, new() { Dtype = ScalarType.BFloat16, Sparsity = sink, Audit = audit });

        var names = (string[])["neither counted nor looked at", "instruments there, switched off", "counted", "an audit of one sample"];
        Action[] ways = [plain.Run, () => Watched(counts: false), () => Watched(counts: true), Look];
        double[][] seconds = [.. ways.Select(_ => new double[rounds])];
        foreach (var way in ways) way();
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < ways.Length; i++) seconds[i][round] = Time(ways[i]);

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"training step of {BenchStep.Batch} x {config.MaxSeqLen} tokens, {get_num_threads()} threads, medians of {rounds} rounds"));
        for (int i = 0; i < ways.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {names[i],-34}{1e3 * RoundRobin.Median(seconds[i]),10:f2} ms {Ratio(i),8:f4} x the plain step"));
        double perStep = defaults.AuditSamples * Ratio(3) / defaults.AuditEverySteps;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {defaults.AuditSamples} samples every {defaults.AuditEverySteps} steps cost {perStep:P2} of a step"));
        return 0;

        double Ratio(int way) => RoundRobin.Median(seconds[way].Zip(seconds[0], (mine, first) => mine / first));

        void Watched(bool counts)
        {
            sink.IsRecording = counts;
            sink.Reset();
            watched.Run();
        }

        void Look()
        {
            sink.IsRecording = false;
            audit.Clear();
            audit.IsRecording = true;
            watched.Observe();
            audit.IsRecording = false;
        }
    }

    private static double Time(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalSeconds;
    }
}
