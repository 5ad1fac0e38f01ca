using TorchSharp;

namespace SparkTrain.Model.Kernels;

/// <summary>Q(1 − k/n) of paper eq. 10: the standard normal quantile that leaves the share k/n above it.</summary>
internal static class QuantileTable
{
    private const int MaxTables = 64;

    private static readonly Dictionary<long, double[]> Tables = [];

    /// <summary>Returns Q(1 − k/n); k must be below n.</summary>
    internal static double Above(long k, long n)
    {
        using var share = torch.tensor((double)k / n);
        using var quantile = torch.special.ndtri(share);
        return -quantile.item<double>();
    }

    /// <summary>Returns Q(1 − k/n) for n = 0..<paramref name="longest"/> (or more); −∞ where n ≤ k, so that everything is kept. Tables are kept for the last few k.</summary>
    internal static double[] Of(long k, int longest)
    {
        lock (Tables)
        {
            if (Tables.TryGetValue(k, out var known) && known.Length > longest) return known;
            if (Tables.Count >= MaxTables) Tables.Clear();   // a schedule asks for another k in every step
            var table = new double[longest + 1];
            Array.Fill(table, double.NegativeInfinity);
            if (longest > k)
            {
                using var scope = torch.NewDisposeScope();
                var quantiles = torch.special.ndtri((double)k / torch.arange(k + 1, longest + 1, torch.float64));
                quantiles.data<double>().CopyTo(table.AsSpan((int)k + 1));
                for (long n = k + 1; n <= longest; n++) table[n] = -table[n];
            }
            return Tables[k] = table;
        }
    }
}
