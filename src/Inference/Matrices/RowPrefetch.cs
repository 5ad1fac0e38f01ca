using System.Diagnostics;

namespace SparkTrain.Inference;

/// <summary>Where rows that are read once are asked into.</summary>
internal enum PrefetchWay
{
    /// <summary>The second-level cache.</summary>
    SecondLevel,

    /// <summary>The first-level cache.</summary>
    FirstLevel,

    /// <summary>Past the outer caches.</summary>
    Passing,
}

/// <summary>
/// How rows at random places are asked for on this processor: which way is the fastest differs by a factor of two between neighbouring generations (of AMD's, Zen 4 wants the second-level cache,
/// Zen 5 to pass the outer ones), so it is tried with the first model that is large enough. It changes how long a token takes, and no bit of it.
/// </summary>
internal static unsafe class RowPrefetch
{
    private const int Rounds = 15, RowsOfRound = 128;

    // Smaller models may lie in a cache, where nothing needs to be asked for.
    private const long LeastBytes = 256L << 20;

    private static readonly PrefetchWay[] Ways = Enum.GetValues<PrefetchWay>();
    private static bool isTried;

    /// <summary>The way in use.</summary>
    public static PrefetchWay Way { get; private set; }

    /// <summary>Tries all ways on rows of a model's layers, in some milliseconds, if no model has been large enough before.</summary>
    public static void Choose(IReadOnlyList<RowMatrix> layers)
    {
        if (isTried || layers.Sum(rows => rows.Bytes) < LeastBytes) return;
        isTried = true;
        int keys = layers.Max(rows => rows.KeyWidth), values = layers.Max(rows => rows.ValueWidth);
        using NativeBlock x = NativeBlock.Zeroed(DecodeLimits.Padded(keys)), sums = NativeBlock.Zeroed(DecodeLimits.Padded(values));
        using var factors = NativeBlock.Zeroed(layers.Max(rows => rows.Rows));
        var random = new Random(1);
        var seconds = Ways.ToDictionary(way => way, _ => new List<double>());
        for (int round = -1; round < Rounds; round++)
            foreach (var way in Ways)
            {
                var matrix = layers[random.Next(layers.Count)];
                int[] list = [.. Enumerable.Range(0, RowsOfRound).Select(_ => random.Next((int)matrix.Rows)).Order()];
                long start = Stopwatch.GetTimestamp();
                matrix.Run(way, list, list.Length, null, 1, new(x.Floats, 0), new(factors.Floats, 0), new(sums.Floats, 0));
                // The first round compiles.
                if (round >= 0) seconds[way].Add(Stopwatch.GetElapsedTime(start).TotalSeconds / matrix.RowBytes);
            }
        Way = seconds.MinBy(way => way.Value.Order().ElementAt(Rounds / 2)).Key;
    }
}
