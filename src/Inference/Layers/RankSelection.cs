namespace SparkTrain.Inference;

/// <summary>The exact selector's threshold, by sorting a copy: for audits, not for speed.</summary>
internal static class RankSelection
{
    /// <summary>Returns the value that <paramref name="rank"/> others come before when the largest come first.</summary>
    public static float Largest(ReadOnlySpan<float> values, int rank)
    {
        float[] sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted[^(rank + 1)];
    }
}
