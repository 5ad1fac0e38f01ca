using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Generation;

/// <summary>
/// The tokens that may be drawn. Every cut keeps the most probable of those that are left; among equals a smaller id counts as more probable. Its memory, 12 bytes for each token of the
/// vocabulary, serves one draw after the other.
/// </summary>
internal sealed class Candidates
{
    private const int Lanes = 8;

    // By token, relative to the most probable one, whose weight is 1; in whole vectors, so that all come from the same instructions and equal logits have equal weights.
    private double[] weights = [];
    private int[] tokens = [];
    private int count;
    private bool isSorted;

    /// <summary>The tokens left, by id.</summary>
    public ReadOnlySpan<int> Tokens
    {
        get
        {
            if (!isSorted) Array.Sort(tokens, 0, count);
            isSorted = true;
            return tokens.AsSpan(0, count);
        }
    }

    /// <summary>Begins with all tokens, in proportion to e^(logit / temperature).</summary>
    /// <param name="logits">Finite numbers.</param>
    /// <param name="peak">The largest of them.</param>
    /// <param name="temperature">More than 0.</param>
    public void Begin(ReadOnlySpan<float> logits, float peak, double temperature)
    {
        if (tokens.Length != logits.Length) (weights, tokens) = (new double[(logits.Length + Lanes - 1) / Lanes * Lanes], new int[logits.Length]);
        (count, isSorted) = (logits.Length, true);
        for (int token = 0; token < tokens.Length; token++) tokens[token] = token;
        var from = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        var to = MemoryMarshal.Cast<double, Vector512<double>>(weights.AsSpan());
        for (int i = 0; i < from.Length; i++) to[i] = Weights(from[i], peak, temperature);
        if (to.Length == from.Length) return;
        Span<float> rest = stackalloc float[Lanes];
        logits[(from.Length * Lanes)..].CopyTo(rest);
        to[^1] = Weights(Vector256.Create<float>(rest), peak, temperature);
    }

    /// <summary>Keeps the <paramref name="most"/> most probable tokens.</summary>
    public void KeepMost(int most)
    {
        // Whenever twice as many have come together they are cut; what is less probable than the least of those kept need not come at all.
        double least = -1;
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            if (weights[tokens[i]] < least) continue;
            tokens[kept++] = tokens[i];
            if (kept < 2L * most) continue;
            kept = Keep(kept, _ => 1, most);
            least = 1;
            foreach (int token in tokens.AsSpan(0, kept)) least = Math.Min(least, weights[token]);
        }
        count = Keep(kept, _ => 1, most);
    }

    /// <summary>Keeps the fewest most probable tokens that have at least this share of the probability.</summary>
    public void KeepNucleus(double share)
    {
        double total = 0;
        foreach (int token in tokens.AsSpan(0, count)) total += weights[token];
        // The tokens below this have, all together, at most half of what may be left out.
        KeepFrom((1 - share) * total / count / 2);
        count = Keep(count, token => weights[token], share * total);
    }

    /// <summary>Keeps the tokens that are at least <paramref name="share"/> times as probable as the most probable one.</summary>
    public void KeepFrom(double share)
    {
        int kept = 0;
        foreach (int token in tokens.AsSpan(0, count))
            if (weights[token] >= share) tokens[kept++] = token;
        count = kept;
    }

    /// <summary>Returns the token at <paramref name="uniform"/>, from [0, 1), of the distribution function over ids: their order does not tremble when logits do.</summary>
    public int Draw(double uniform)
    {
        var left = Tokens;
        double total = 0, sum = 0;
        foreach (int token in left) total += weights[token];
        int last = left[0];
        foreach (int token in left)
        {
            if (weights[token] == 0) continue;
            last = token;
            if ((sum += weights[token]) > uniform * total) break;
        }
        return last;
    }

    private static Vector512<double> Weights(Vector256<float> logits, double peak, double temperature)
    {
        var (lower, upper) = Vector256.Widen(logits);
        return Vector512.Exp((Vector512.Create(lower, upper) - Vector512.Create(peak)) / temperature);
    }

    // Moves the shortest run of tokens, the most probable first, over which the measure adds up to what is wanted before the others, by quickselect, without sorting all; returns their number.
    private int Keep(int end, Func<int, double> measure, double wanted)
    {
        isSorted = false;
        int begin = 0;
        while (begin < end)
        {
            int pivot = Partition(begin, end);
            double before = 0;
            for (int i = begin; i < pivot; i++) before += measure(tokens[i]);
            if (before >= wanted) end = pivot;
            else
            {
                wanted -= before + measure(tokens[pivot]);
                begin = pivot + 1;
                if (wanted <= 0) end = begin;
            }
        }
        return end;
    }

    // Moves the more probable tokens of a range before some token of it, and returns that one's place.
    private int Partition(int begin, int end)
    {
        int middle = (begin + end) / 2, pivot = tokens[middle], place = begin;
        (tokens[middle], tokens[end - 1]) = (tokens[end - 1], pivot);
        for (int i = begin; i < end - 1; i++)
            if (weights[tokens[i]] is var w && (w > weights[pivot] || (w == weights[pivot] && tokens[i] < pivot)))
                (tokens[place], tokens[i]) = (tokens[i], tokens[place++]);
        (tokens[place], tokens[end - 1]) = (pivot, tokens[place]);
        return place;
    }
}
