namespace SparkTrain.Distributed;

/// <summary>A range of a flat buffer, in elements.</summary>
/// <param name="Begin">First element.</param>
/// <param name="Count">Number of elements.</param>
public readonly record struct FlatRange(long Begin, long Count)
{
    /// <summary>
    /// Elements that are never divided between ranks. Whatever is added up over a buffer is added per cell first, so that its bits do not
    /// depend on the number of ranks.
    /// </summary>
    public const long Cell = 16384;

    /// <summary>The element behind the last one.</summary>
    public long End => Begin + Count;

    /// <summary>Returns the part that a rank owns: whole cells, as even as they divide.</summary>
    public FlatRange ShardOf(int rank, int worldSize)
    {
        long cells = (Count + Cell - 1) / Cell;
        long first = Math.Min(Count, cells * rank / worldSize * Cell), behind = Math.Min(Count, cells * (rank + 1) / worldSize * Cell);
        return new(Begin + first, behind - first);
    }

    /// <summary>Returns what this range and another have in common; Count is 0 where that is nothing.</summary>
    public FlatRange Intersect(FlatRange other)
    {
        long begin = Math.Max(Begin, other.Begin);
        return new(begin, Math.Max(0, Math.Min(End, other.End) - begin));
    }

    /// <summary>Joins neighbours among ranges in rising order, and leaves out empty ones.</summary>
    public static IReadOnlyList<FlatRange> Joined(IEnumerable<FlatRange> ranges)
    {
        var joined = new List<FlatRange>();
        foreach (var range in ranges.Where(range => range.Count > 0))
        {
            if (joined is [.., var last] && last.End == range.Begin) joined[^1] = new(last.Begin, last.Count + range.Count);
            else joined.Add(range);
        }
        return joined;
    }

    /// <summary>Cuts a buffer of <paramref name="count"/> elements into buckets of <paramref name="bucket"/> elements; the last one may be shorter.</summary>
    public static IReadOnlyList<FlatRange> Buckets(long count, long bucket)
    {
        var buckets = new List<FlatRange>();
        for (long begin = 0; begin < count; begin += bucket) buckets.Add(new(begin, Math.Min(bucket, count - begin)));
        return buckets;
    }
}
