namespace SparkTrain.Model;

/// <summary>Draws the tokens of one sequence from logits. The same options, prompt and logits give the same tokens.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions options;
    private readonly HashSet<int> seen;
    private ulong draws;

    /// <summary>Creates a sampler for what follows <paramref name="prompt"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Sampler(SamplingOptions options, IEnumerable<int> prompt)
    {
        if (options.FirstOutOfRange() is var (option, found, expected)) throw new ArgumentOutOfRangeException(nameof(options), found, $"{option} must be {expected}");
        (this.options, seen) = (options, options.RepetitionPenalty == 1 ? [] : [.. prompt]);
    }

    /// <summary>Returns the next token. Among equally probable ones a smaller id counts as more probable.</summary>
    /// <exception cref="NotFiniteNumberException">A logit is not a number, or infinite.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        float[] z = logits.ToArray();
        foreach (int token in seen) z[token] = (float)(z[token] > 0 ? z[token] / options.RepetitionPenalty : z[token] * options.RepetitionPenalty);
        int next = Best(z);
        if (options.Temperature > 0)
        {
            var candidates = new Candidates(z, z[next], options.Temperature);
            if (options.TopK > 0) candidates.KeepMost(options.TopK);
            if (options.TopP < 1) candidates.KeepNucleus(options.TopP);
            if (options.MinP > 0) candidates.KeepFrom(options.MinP);
            next = candidates.Draw(Uniform(options.Seed, draws++));
        }
        if (options.RepetitionPenalty != 1) seen.Add(next);
        return next;
    }

    private static int Best(float[] z)
    {
        int best = 0;
        for (int i = 0; i < z.Length; i++)
        {
            if (!float.IsFinite(z[i])) throw new NotFiniteNumberException($"the logit of token {i} is {z[i]}", z[i]);
            if (z[i] > z[best]) best = i;
        }
        return best;
    }

    // A number in [0, 1) from 53 bits. No state passes from draw to draw, and neighbouring seeds have unrelated draws.
    private static double Uniform(long seed, ulong draw) => (Mix(Mix((ulong)seed) + draw) >> 11) * (1.0 / (1L << 53));

    // A step of SplitMix64 (Steele, Lea, Flood, 2014).
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
        x = (x ^ x >> 27) * 0x94D049BB133111EB;
        return x ^ x >> 31;
    }
}
