namespace SparkTrain.Bench;

/// <summary>A line of the table of decoding speeds. Ratios are taken inside the rounds.</summary>
/// <param name="Group">The round-robin that it was in.</param>
/// <param name="Context">Tokens before the ones that are decoded.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Name">Who decodes.</param>
/// <param name="Precision">What weights, and keys and values where these differ, are held in.</param>
/// <param name="TokensPerSecond">The speed.</param>
/// <param name="OverDense">The speed over our dense model's.</param>
/// <param name="OverDenseByBytes">The dense model's bytes a token over these.</param>
/// <param name="OverLlama">The speed over llama.cpp's; null where that takes no part.</param>
/// <param name="OfLimit">Bytes a second over the memory's limit.</param>
/// <param name="Traffic">Bytes a token.</param>
internal sealed record SpeedRow(
    string Group, int Context, int Threads, string Name, string Precision, Spread? TokensPerSecond, Spread? OverDense, double OverDenseByBytes, Spread? OverLlama, Spread? OfLimit, DecodeTraffic Traffic)
{
    /// <summary>The name of the peer.</summary>
    public const string Llama = "llama.cpp";
}

/// <summary>Computes and prints the table.</summary>
internal static class SpeedTable
{
    /// <summary>Prints a line for each subject; the first one is the dense model.</summary>
    /// <param name="group">The round-robin.</param>
    /// <param name="context">Tokens before the ones that are decoded.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="subjects">The subjects.</param>
    /// <param name="traffic">What a token of each reads.</param>
    /// <param name="samples">By round: the limit in bytes a second, then each subject's tokens a second.</param>
    public static List<SpeedRow> Print(string group, int context, int threads, List<SpeedSubject> subjects, List<DecodeTraffic> traffic, double[][] samples)
    {
        int llama = subjects.FindIndex(subject => subject.Name == SpeedRow.Llama);
        var rows = subjects.Select((subject, i) => new SpeedRow(group, context, threads, subject.Name, subject.Precision,
            Spread.Of(samples[i + 1]), Spread.OfRatios(samples[i + 1], samples[1]), traffic[0].Total / traffic[i].Total,
            llama < 0 ? null : Spread.OfRatios(samples[i + 1], samples[llama + 1]),
            Spread.OfRatios(samples[i + 1].Select(rate => rate * traffic[i].Total), samples[0]), traffic[i])).ToList();
        Console.WriteLine($"  {"",-68}{"tokens/s",-22}{"x dense",-18}{"by bytes",-10}{"x llama.cpp",-18}{"of the limit",-18}GB a token: all = projections + predictor + neurons + unembedding + KV");
        foreach (var row in rows)
        {
            var t = row.Traffic;
            Console.WriteLine($"  {$"{row.Name}, {row.Precision}",-68}{Text(row.TokensPerSecond),-22}{Text(row.OverDense),-18}{Inv($"{row.OverDenseByBytes:f2}"),-10}{Text(row.OverLlama),-18}{Text(row.OfLimit),-18}"
                + Inv($"{t.Total / 1e9:f3} = {t.Projections / 1e9:f3} + {t.Predictor / 1e9:f3} + {t.Neurons / 1e9:f3} + {t.Table / 1e9:f3} + {t.Cache / 1e9:f3}"));
        }
        return rows;
    }

    private static string Text(Spread? spread) => spread?.Text("f2") ?? "–";

    private static string Inv(FormattableString text) => FormattableString.Invariant(text);
}
