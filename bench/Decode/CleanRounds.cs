namespace SparkTrain.Bench;

/// <summary>
/// Samples of several subjects in turn, round after round. A sample that other programs disturbed is taken again at once, a few times; after that the round goes without it.
/// Ends after so many whole rounds, or when three times as many were tried.
/// </summary>
/// <param name="rounds">Whole rounds that are wanted.</param>
/// <param name="load">Tells who disturbs; null keeps every sample.</param>
internal sealed class CleanRounds(int rounds, OtherLoad? load)
{
    private const int Tries = 3, RoundsPerRound = 3;

    /// <summary>Samples that were taken and not kept.</summary>
    public int Dropped { get; private set; }

    /// <summary>Rounds without a gap.</summary>
    public int Whole { get; private set; }

    /// <summary>Returns the samples of each subject by round; NaN where there is none.</summary>
    public double[][] Take(params IReadOnlyList<Func<double>> subjects)
    {
        (Dropped, Whole) = (0, 0);
        var samples = new List<double[]>();
        while (Whole < rounds && samples.Count < rounds * RoundsPerRound)
        {
            double[] round = new double[subjects.Count];
            // Whoever comes behind the slowest has the coldest caches: each in its turn.
            for (int i = 0; i < round.Length; i++)
            {
                int subject = (i + samples.Count) % round.Length;
                round[subject] = Sample(subjects[subject]);
            }
            samples.Add(round);
            if (!round.Any(double.IsNaN)) Whole++;
        }
        return [.. subjects.Select((_, subject) => samples.Select(round => round[subject]).ToArray())];
    }

    private double Sample(Func<double> subject)
    {
        if (load is null) return subject();
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            var (value, isClean) = load.Watch(subject);
            if (isClean) return value;
            Dropped++;
        }
        return double.NaN;
    }
}

/// <summary>The middle, and the least and the largest, of what there is.</summary>
/// <param name="Median">The middle.</param>
/// <param name="Min">The least.</param>
/// <param name="Max">The largest.</param>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Of the numbers that are numbers; null where there are none.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        double[] known = [.. values.Where(value => !double.IsNaN(value))];
        return known.Length == 0 ? null : new(RoundRobin.Median(known), known.Min(), known.Max());
    }

    /// <summary>Of ratios inside the rounds.</summary>
    public static Spread? OfRatios(IEnumerable<double> values, IEnumerable<double> over) => Of(values.Zip(over, (a, b) => a / b));

    /// <summary>As text, the middle first: <c>1.81 (1.78–1.85)</c>.</summary>
    public string Text(string format) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Median.ToString(format, System.Globalization.CultureInfo.InvariantCulture)} ({Min.ToString(format, System.Globalization.CultureInfo.InvariantCulture)}–{Max.ToString(format, System.Globalization.CultureInfo.InvariantCulture)})");
}
