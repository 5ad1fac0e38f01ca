namespace SparkTrain.Numerics;

/// <summary>Q(1 − k/n) of paper eq. 10: the standard normal quantile that leaves the share k/n above it.</summary>
public static class QuantileTable
{
    private const int MaxTables = 64;

    private static readonly Dictionary<long, double[]> Tables = [];

    /// <summary>Returns Q(1 − k/n); k must be below n.</summary>
    public static double Above(long k, long n) => -NormalQuantile.Of((double)k / n);

    /// <summary>Returns Q(1 − k/n) for n = 0..<paramref name="longest"/> (or more); −∞ where n ≤ k, so that everything is kept. Tables are kept for the last few k.</summary>
    public static double[] Of(long k, int longest)
    {
        lock (Tables)
        {
            if (Tables.TryGetValue(k, out var known) && known.Length > longest) return known;
            if (Tables.Count >= MaxTables) Tables.Clear();   // a schedule asks for another k in every step
            var table = new double[longest + 1];
            for (int n = 0; n <= longest; n++) table[n] = n <= k ? double.NegativeInfinity : Above(k, n);
            return Tables[k] = table;
        }
    }
}
