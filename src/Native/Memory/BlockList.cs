namespace SparkTrain.Native;

/// <summary>
/// Divides a range of addresses [0, limit) into blocks: the smallest free gap that is large enough, the lowest of equal ones; neighbouring free gaps become one.
/// A training step takes and gives back the same sizes in the same order, so after the first step the range does not grow. Not safe for several threads.
/// </summary>
internal sealed class BlockList(long limit)
{
    // Gaps below the end, in the order of their addresses; above the end everything is free.
    private readonly List<(long Begin, long Length)> gaps = [];
    private readonly Dictionary<long, long> lengths = [];

    /// <summary>Number of bytes in blocks.</summary>
    public long Used { get; private set; }

    /// <summary>Largest <see cref="Used"/> so far.</summary>
    public long Peak { get; private set; }

    /// <summary>Largest address that was ever in a block.</summary>
    public long HighWater { get; private set; }

    private long End { get; set; }

    /// <summary>Returns the address of a new block, or -1 where none fits below the limit.</summary>
    /// <param name="length">Bytes, a positive number.</param>
    public long Take(long length)
    {
        int best = -1;
        for (int i = 0; i < gaps.Count; i++)
            if (gaps[i].Length >= length && (best < 0 || gaps[i].Length < gaps[best].Length)) best = i;
        long begin;
        if (best >= 0)
        {
            (begin, long gap) = gaps[best];
            if (gap == length) gaps.RemoveAt(best);
            else gaps[best] = (begin + length, gap - length);
        }
        else
        {
            if (length > limit - End) return -1;
            begin = End;
            HighWater = Math.Max(HighWater, End += length);
        }
        lengths.Add(begin, length);
        Peak = Math.Max(Peak, Used += length);
        return begin;
    }

    /// <summary>Frees a block.</summary>
    /// <exception cref="KeyNotFoundException">There is no block at this address.</exception>
    public void Give(long begin)
    {
        if (!lengths.Remove(begin, out long length)) throw new KeyNotFoundException($"no block begins at {begin}");
        Used -= length;
        int after = gaps.BinarySearch((begin, 0));
        after = after < 0 ? ~after : after;
        if (after < gaps.Count && gaps[after].Begin == begin + length)
        {
            length += gaps[after].Length;
            gaps.RemoveAt(after);
        }
        if (after > 0 && gaps[after - 1].Begin + gaps[after - 1].Length == begin)
        {
            after--;
            (begin, length) = (gaps[after].Begin, gaps[after].Length + length);
            gaps.RemoveAt(after);
        }
        if (begin + length == End) End = begin;
        else gaps.Insert(after, (begin, length));
    }
}
