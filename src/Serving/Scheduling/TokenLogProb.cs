using SparkTrain.Numerics;

namespace SparkTrain.Serving;

/// <summary>A token and how probable it was, by the model alone: before temperature and the other options of sampling.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Offset">Unicode code points of text before it.</param>
/// <param name="LogProb">Natural logarithm of its probability; null for a token that nothing came before.</param>
/// <param name="Top">The most probable tokens in its place, the first the most probable.</param>
public sealed record TokenLogProb(int Token, int Offset, double? LogProb, IReadOnlyList<(int Token, double LogProb)> Top)
{
    /// <summary>Reads a token's log-probability, and those of the <paramref name="top"/> most probable ones, off logits. Among equals a smaller id counts as more probable.</summary>
    /// <exception cref="NotFiniteNumberException">A logit is not a number, or infinite.</exception>
    public static TokenLogProb Read(ReadOnlySpan<float> logits, int token, int offset, int top)
    {
        double logSum = LogSumExp.Of(logits);
        var read = new TokenLogProb(token, offset, logits[token] - logSum, [.. Largest(logits, top).Select(logit => (logit.Token, logit.Value - logSum))]);
        foreach (double logProb in read.Top.Select(t => t.LogProb).Prepend(logits[token] - logSum))
            if (!double.IsFinite(logProb)) throw new NotFiniteNumberException("a logit is not finite", logProb);
        return read;
    }

    // By insertion: few are asked for, and hardly any logit gets past the smallest of them.
    private static List<(int Token, double Value)> Largest(ReadOnlySpan<float> logits, int count)
    {
        var largest = new List<(int Token, double Value)>(count + 1);
        for (int token = 0; count > 0 && token < logits.Length; token++)
        {
            if (largest.Count == count && logits[token] <= largest[^1].Value) continue;
            int place = largest.Count;
            while (place > 0 && largest[place - 1].Value < logits[token]) place--;
            largest.Insert(place, (token, logits[token]));
            if (largest.Count > count) largest.RemoveAt(count);
        }
        return largest;
    }
}
