using SparkTrain.Kernels;

namespace SparkTrain.Model.Tests.Reference;

/// <summary>Attention written a second time, one number after the other in float64, straight from spec sections 3.1 to 3.4.</summary>
internal static class ScalarAttention
{
    public static (double[] O_BTHE, int[] Kept_BHT) Run(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documents_BS)
    {
        int B = (int)q_BTHE.size(0), T = (int)q_BTHE.size(1), H = (int)q_BTHE.size(2), E = (int)q_BTHE.size(3), S = (int)k_BSGE.size(1), G = (int)k_BSGE.size(2);
        double[] q = Values(q_BTHE), k = Values(k_BSGE), v = Values(v_BSGE), o = new double[q.Length];
        long[]? document = documents_BS?.data<long>().ToArray();
        int[] kept = new int[B * H * T];
        int r = shape.Kind == AttentionKind.Spark ? shape.PredictorDim : E;
        for (int b = 0; b < B; b++)
        for (int h = 0; h < H; h++)
        for (int t = 0; t < T; t++)
        {
            int position = shape.FirstPosition + t, g = h / (H / G);
            int[] visible = [.. Enumerable.Range(0, S).Where(s => s <= position
                && (shape.Window is not { } window || position - s < window)
                && (document is null || document[b * S + s] == document[b * S + position]))];
            double Dot(int s, int from, int to) => Enumerable.Range(from, to - from).Sum(e => q[((b * T + t) * H + h) * E + e] * k[((b * S + s) * G + g) * E + e]);
            double[] a = [.. visible.Select(s => Cap(Dot(s, 0, r), shape.Softcap))];
            double theta = shape.Kind == AttentionKind.Dense || a.Length <= shape.Active ? double.NegativeInfinity : Math.Min(Threshold(a, shape), a.Max());
            double sum = a.Where(x => x >= theta).Sum(x => Math.Exp(x - a.Max()));
            for (int i = 0; i < visible.Length; i++)
            {
                if (a[i] < theta) continue;
                kept[(b * H + h) * T + t]++;
                double weight = Math.Exp(a[i] - a.Max()) / sum;
                if (shape.Kind == AttentionKind.Spark) weight *= Softplus(Dot(visible[i], r, E));
                for (int e = 0; e < E; e++) o[((b * T + t) * H + h) * E + e] += weight * v[((b * S + visible[i]) * G + g) * E + e];
            }
        }
        return (o, kept);
    }

    private static double Threshold(double[] a, AttentionShape shape)
    {
        double mean = a.Average(), variance = a.Sum(x => (x - mean) * (x - mean)) / (a.Length - shape.Correction);
        return mean + Math.Sqrt(variance) * QuantileTable.Above(shape.Active, a.Length);
    }

    private static double Cap(double x, double? cap) => cap is { } c ? c * Math.Tanh(x / c) : x;

    private static double Softplus(double x) => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));

    private static double[] Values(Tensor x) => x.to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
