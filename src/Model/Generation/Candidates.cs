namespace SparkTrain.Model;

/// <summary>The tokens that may be drawn. Every cut keeps the most probable of those that are left; among equals a smaller id counts as more probable.</summary>
internal sealed class Candidates
{
    // By token, relative to the most probable one, whose weight is 1.
    private readonly double[] weights;
    private readonly int[] tokens;
    private int count;
    private bool isSorted = true;

    /// <summary>Begins with all tokens, in proportion to e^(logit / temperature).</summary>
    public Candidates(ReadOnlySpan<float> logits, float peak, double temperature)
    {
        (weights, tokens, count) = (new double[logits.Length], new int[logits.Length], logits.Length);
        for (int token = 0; token < count; token++)
        {
            tokens[token] = token;
            weights[token] = Math.Exp(((double)logits[token] - peak) / temperature);
        }
    }

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

    /// <summary>Keeps the <paramref name="most"/> most probable tokens.</summary>
    public void KeepMost(int most) => Keep(_ => 1, most);

    /// <summary>Keeps the fewest most probable tokens that have at least this share of the probability.</summary>
    public void KeepNucleus(double share)
    {
        double total = 0;
        foreach (int token in tokens.AsSpan(0, count)) total += weights[token];
        Keep(token => weights[token], share * total);
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

    // Keeps the shortest run of tokens, the most probable first, over which the measure adds up to what is wanted: by quickselect, without sorting all.
    private void Keep(Func<int, double> measure, double wanted)
    {
        isSorted = false;
        int begin = 0;
        while (begin < count)
        {
            int pivot = Partition(begin, count);
            double before = 0;
            for (int i = begin; i < pivot; i++) before += measure(tokens[i]);
            if (before >= wanted) count = pivot;
            else
            {
                wanted -= before + measure(tokens[pivot]);
                begin = pivot + 1;
                if (wanted <= 0) count = begin;
            }
        }
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
