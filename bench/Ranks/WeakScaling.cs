using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Native;

namespace SparkTrain.Bench;

/// <summary>What a job has measured; times are seconds of a step, one number a round, and rank 0's where nothing else is said.</summary>
internal sealed record WeakScalingResult
{
    public required string Model { get; init; }
    public required long Parameters { get; init; }
    public required int Ranks { get; init; }

    /// <summary>Tokens of a rank in a step.</summary>
    public required long Tokens { get; init; }

    /// <summary>Rank 0 trains, the others sleep.</summary>
    public List<double> Alone { get; init; } = [];

    /// <summary>Every rank trains a model of its own: for each round the steps that all make in a second.</summary>
    public List<double> ApartRate { get; init; } = [];

    /// <summary>All train one model.</summary>
    public List<double> Together { get; init; } = [];

    /// <summary>The share of those steps that the metrics call communication; the largest of all ranks.</summary>
    public List<double> Communication { get; init; } = [];

    /// <summary>Parts of a step, with barriers between them: the mean over the ranks.</summary>
    public List<StepParts> Parts { get; init; } = [];

    /// <summary>Norm and AdamW of all parameters, rank 0 alone.</summary>
    public List<double> Update { get; init; } = [];

    /// <summary>Bytes a second that all ranks read and write together when they copy.</summary>
    public List<double> CopyBandwidth { get; init; } = [];
}

/// <summary>Seconds of a step.</summary>
internal sealed record StepParts(double Step, double Waiting, double Reducing, double Gathering, double Summing);

/// <summary>Trains alone, side by side and together, in turn; see docs/scaling.md.</summary>
internal static unsafe class WeakScaling
{
    private const int WarmSteps = 2;
    private const long CopiedBytes = 128_000_000;

    public static WeakScalingResult Measure(BenchRank rank, string model, BenchPlace place, int rounds, int steps)
    {
        LibTorch.Load(threads: 1);
        using var self = new SingleProcess();
        using var timed = new TimedCollectives(rank.Ranks);
        int world = timed.WorldSize;
        var config = BenchModels.Of(model, place, world, model + "-together");
        using var together = new BenchRun(config, timed);
        using var apart = new BenchRun(BenchModels.Of(model, place, 1, string.Create(CultureInfo.InvariantCulture, $"{model}-apart-{timed.Rank}")), self);
        apart.Steps(WarmSteps);
        together.Steps(WarmSteps);

        var result = new WeakScalingResult { Model = model, Parameters = ParameterCount.Of(config.Model).Total, Ranks = world, Tokens = config.Training.GlobalBatchTokens / world };
        for (int round = 0; round < rounds; round++)
        {
            rank.Meet();
            if (timed.Rank == 0)
            {
                result.Alone.Add(apart.Steps(steps).Seconds);
                result.Update.Add(apart.Update());
            }
            rank.Meet();
            timed.Barrier();
            result.ApartRate.Add(rank.Gather(1 / apart.Steps(steps).Seconds).Sum());
            rank.Meet();
            timed.Barrier();
            var (seconds, communication) = together.Steps(steps);
            result.Together.Add(seconds);
            result.Communication.Add(rank.Gather(communication).Max());
            result.Parts.Add(Split(rank, timed, together, steps));
            rank.Meet();
            result.CopyBandwidth.Add(Copy(rank));
        }
        return result;
    }

    private static StepParts Split(BenchRank rank, TimedCollectives timed, BenchRun run, int steps)
    {
        timed.Splits = true;
        timed.Reset();
        double step = run.Steps(steps).Seconds;
        timed.Splits = false;
        return new(step, Mean(timed.Waiting), Mean(timed.Reducing), Mean(timed.Gathering), Mean(timed.Summing));

        double Mean(double seconds) => rank.Gather(seconds / steps).Average();
    }

    private static double Copy(BenchRank rank)
    {
        void* from = NativeMemory.AllocZeroed((nuint)CopiedBytes), to = NativeMemory.AllocZeroed((nuint)CopiedBytes);
        Buffer.MemoryCopy(from, to, CopiedBytes, CopiedBytes);
        rank.Ranks.Barrier();
        long start = Stopwatch.GetTimestamp();
        Buffer.MemoryCopy(from, to, CopiedBytes, CopiedBytes);
        double rate = 2 * CopiedBytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
        NativeMemory.Free(from);
        NativeMemory.Free(to);
        return rank.Gather(rate).Sum();
    }
}
