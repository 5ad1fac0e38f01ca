using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>What one rank of a job does: <c>bench rank …</c>, started by <see cref="MpiJob"/>.</summary>
internal static class RankProgram
{
    public static int Run(string[] arguments)
    {
        using var rank = BenchRank.Join();
        try
        {
            object result = Measure(rank, arguments);
            rank.Meet();
            // One write, so that nothing comes between.
            if (rank.Ranks.Rank == 0) Console.Out.Write("\n" + JsonSerializer.Serialize(result, result.GetType()) + "\n");
            return 0;
        }
        catch (Exception e) when (rank.EndJob(e))
        {
            return 1;
        }
    }

    private static object Measure(BenchRank rank, string[] arguments) => arguments switch
    {
        ["weak", var model, var folder, var rounds, var steps] => WeakScaling.Measure(rank, model, new(folder), Number(rounds), Number(steps)),
        ["reduction", var rounds, .. var megabytes] => ReductionRace.Measure(rank, Number(rounds), [.. megabytes.Select(Number)]),
        ["memory", var folder, var sharding] => StateMemory.Measure(rank, new(folder), Enum.Parse<Distributed.Toggle>(sharding)),
        _ => throw new ArgumentException($"unknown: {string.Join(' ', arguments)}"),
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
