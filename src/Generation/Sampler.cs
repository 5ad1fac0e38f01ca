using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Generation;

/// <summary>Draws the tokens of one sequence from logits. The same options, prompt and logits give the same tokens.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions options;
    private readonly HashSet<int> seen;
    private readonly Candidates candidates = new();
    private float[] penalised = [];
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
        if (seen.Count > 0) logits = Penalised(logits);
        int next = Best(logits);
        if (options.Temperature > 0)
        {
            candidates.Begin(logits, logits[next], options.Temperature);
            if (options.TopK > 0) candidates.KeepMost(options.TopK);
            if (options.TopP < 1) candidates.KeepNucleus(options.TopP);
            if (options.MinP > 0) candidates.KeepFrom(options.MinP);
            next = candidates.Draw(Uniform(options.Seed, draws++));
        }
        if (options.RepetitionPenalty != 1) seen.Add(next);
        return next;
    }

    private ReadOnlySpan<float> Penalised(ReadOnlySpan<float> logits)
    {
        if (penalised.Length != logits.Length) penalised = new float[logits.Length];
        logits.CopyTo(penalised);
        foreach (int token in seen) penalised[token] = (float)(penalised[token] > 0 ? penalised[token] / options.RepetitionPenalty : penalised[token] * options.RepetitionPenalty);
        return penalised;
    }

    private static int Best(ReadOnlySpan<float> logits)
    {
        float most = Largest(logits);
        if (!float.IsFinite(most)) ThrowNotFinite(logits);
        // Sixteen at a time up to the first that is as large.
        var vectors = MemoryMarshal.Cast<float, Vector512<float>>(logits);
        int before = 0;
        while (before < vectors.Length && !Vector512.EqualsAny(vectors[before], Vector512.Create(most))) before++;
        before *= Vector512<float>.Count;
        return before + logits[before..].IndexOf(most);
    }

    // NaN where a logit is not finite.
    private static float Largest(ReadOnlySpan<float> logits)
    {
        var vectors = MemoryMarshal.Cast<float, Vector512<float>>(logits);
        float most = float.NegativeInfinity, zero = 0;
        if (vectors.Length > 0)
        {
            // 0 · x is 0 for numbers, and NaN, which sums keep, for all else.
            var (largest, zeros) = (vectors[0], Vector512<float>.Zero);
            foreach (ref readonly var vector in vectors)
            {
                largest = Vector512.MaxNative(largest, vector);
                zeros += vector * 0f;
            }
            for (int lane = 0; lane < Vector512<float>.Count; lane++) (most, zero) = (Math.Max(most, largest[lane]), zero + zeros[lane]);
        }
        foreach (float logit in logits[(vectors.Length * Vector512<float>.Count)..]) (most, zero) = (Math.Max(most, logit), zero + logit * 0f);
        return most + zero;
    }

    private static void ThrowNotFinite(ReadOnlySpan<float> logits)
    {
        for (int token = 0; token < logits.Length; token++)
            if (!float.IsFinite(logits[token])) throw new NotFiniteNumberException($"the logit of token {token} is {logits[token]}", logits[token]);
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
