namespace SparkTrain.Model;

/// <summary>Draws tokens from logits. The same seed and logits give the same tokens.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions options;
    private readonly Random random;

    /// <summary>Creates a sampler.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Sampler(SamplingOptions options)
    {
        options.Check();
        (this.options, random) = (options, new Random(options.Seed));
    }

    /// <summary>Returns a token drawn with probability softmax(logits / temperature), cut to the nucleus; among equals the smallest id comes first.</summary>
    public int Next(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best]) best = i;
        if (options.Temperature == 0) return best;

        double[] weights = new double[logits.Length];
        double total = 0;
        for (int i = 0; i < weights.Length; i++) total += weights[i] = Math.Exp((logits[i] - (double)logits[best]) / options.Temperature);
        int[] nucleus = options.TopP < 1 ? Nucleus(weights, ref total) : [.. Enumerable.Range(0, weights.Length)];

        double draw = random.NextDouble() * total;
        foreach (int token in nucleus)
        {
            draw -= weights[token];
            if (draw < 0) return token;
        }
        return best;
    }

    private int[] Nucleus(double[] weights, ref double total)
    {
        int[] tokens = [.. Enumerable.Range(0, weights.Length).OrderByDescending(t => weights[t])];
        double wanted = total * options.TopP, sum = 0;
        int count = 0;
        while (sum < wanted && count < tokens.Length) sum += weights[tokens[count++]];
        total = sum;
        return tokens[..count];
    }
}
