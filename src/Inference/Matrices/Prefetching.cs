using System.Diagnostics;

namespace SparkTrain.Inference;

/// <summary>Where memory that will be read once is asked into.</summary>
internal enum PrefetchWay
{
    /// <summary>Nowhere: the processor finds out by itself.</summary>
    None,

    /// <summary>The first-level cache.</summary>
    FirstLevel,

    /// <summary>The second-level cache.</summary>
    SecondLevel,

    /// <summary>Past the outer caches.</summary>
    Passing,
}

/// <summary>
/// How weights are asked for on this processor. Which way is the fastest differs by a factor of two between neighbouring generations (of AMD's, Zen 4 wants rows in the second-level cache and streams
/// left alone, Zen 5 wants both past the outer caches), so the ways are tried with the first model that is large enough. They change how long a token takes, and no bit of it.
/// </summary>
internal static unsafe class Prefetching
{
    /// <summary>So far ahead a stream is asked for.</summary>
    public const int BytesAhead = 4096;

    private const int Rounds = 15, RowsOfRound = 128;
    private const long BytesOfRound = 8 << 20;

    // Smaller weights may lie in a cache, where nothing needs to be asked for.
    private const long LeastBytes = 256L << 20;

    private static bool isRowsTried, isStreamsTried;

    /// <summary>The way for rows at random places, one of all but none.</summary>
    public static PrefetchWay Rows { get; set; } = PrefetchWay.SecondLevel;

    /// <summary>The way for streams: none, or past the outer caches.</summary>
    public static PrefetchWay Streams { get; set; }

    /// <summary>Tries the ways for rows on a model's layers, in some milliseconds, if no model has been large enough before.</summary>
    public static void TryRows(IReadOnlyList<RowMatrix> layers)
    {
        if (isRowsTried || layers.Sum(rows => rows.Bytes) < LeastBytes) return;
        isRowsTried = true;
        int keys = layers.Max(rows => rows.KeyWidth), values = layers.Max(rows => rows.ValueWidth);
        using NativeBlock x = NativeBlock.Zeroed(DecodeLimits.Padded(keys)), sums = NativeBlock.Zeroed(DecodeLimits.Padded(values));
        using var factors = NativeBlock.Zeroed(layers.Max(rows => rows.Rows));
        Rows = Fastest([PrefetchWay.SecondLevel, PrefetchWay.FirstLevel, PrefetchWay.Passing], (way, random) =>
        {
            Rows = way;
            var matrix = layers[random.Next(layers.Count)];
            int[] list = [.. Enumerable.Range(0, RowsOfRound).Select(_ => random.Next((int)matrix.Rows)).Order()];
            long start = Stopwatch.GetTimestamp();
            matrix.Run(list, list.Length, null, 1, new(x.Floats, 0), new(factors.Floats, 0), new(sums.Floats, 0));
            return Stopwatch.GetElapsedTime(start).TotalSeconds / matrix.RowBytes;
        });
    }

    /// <summary>The same for streams, on a matrix.</summary>
    public static void TryStreams(PanelMatrix matrix)
    {
        if (isStreamsTried || matrix.Bytes < LeastBytes) return;
        isStreamsTried = true;
        int some = (int)Math.Min(matrix.Panels, BytesOfRound / matrix.PanelBytes + 1);
        using NativeBlock x = NativeBlock.Zeroed(DecodeLimits.Padded(matrix.Columns)), y = NativeBlock.Zeroed((long)some * PanelMatrix.PanelRows);
        Streams = Fastest([PrefetchWay.None, PrefetchWay.Passing], (way, random) =>
        {
            Streams = way;
            int first = random.Next(matrix.Panels - some + 1);
            long start = Stopwatch.GetTimestamp();
            matrix.Multiply(first, first + some, new(x.Floats, 0), 1, new FloatRows(y.Floats, 0).From(-(long)first * PanelMatrix.PanelRows));
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
    }

    // In turn, so that what else the machine does hits all alike; the medians are compared.
    private static PrefetchWay Fastest(PrefetchWay[] ways, Func<PrefetchWay, Random, double> measure)
    {
        var random = new Random(1);
        foreach (var way in ways) measure(way, random);
        var times = ways.ToDictionary(way => way, _ => new List<double>());
        for (int round = 0; round < Rounds; round++)
            foreach (var way in ways) times[way].Add(measure(way, random));
        return ways.MinBy(way => times[way].Order().ElementAt(Rounds / 2));
    }
}
