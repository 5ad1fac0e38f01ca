namespace SparkTrain.Data;

/// <summary>
/// Remembers documents by 128 bits of a SHA-256, in 19 to 24 bytes each. Among ten thousand million documents the chance that two different ones look equal is below 1 in 10¹⁸.
/// </summary>
internal sealed class DocumentSet
{
    // Each segment grows for itself, by a quarter: so no growth doubles the memory, nor copies all of it.
    private const int SegmentBits = 10, SmallestSegment = 16;
    private const double MostFilled = 0.85;

    private readonly UInt128[][] segments = [.. Enumerable.Repeat(Array.Empty<UInt128>(), 1 << SegmentBits)];
    private readonly int[] counts = new int[1 << SegmentBits];
    private bool hasZero;

    /// <summary>Adds a document; returns false where it was there already.</summary>
    public bool Add(UInt128 hash)
    {
        if (hash == 0) return !hasZero && (hasZero = true);   // 0 marks a free place
        var segment = (int)(hash >> (128 - SegmentBits));
        if (counts[segment] >= segments[segment].Length * MostFilled) Grow(segment);
        ref var place = ref Find(segments[segment], hash);
        if (place == hash) return false;
        place = hash;
        counts[segment]++;
        return true;
    }

    private void Grow(int segment)
    {
        var old = segments[segment];
        var grown = new UInt128[Math.Max(SmallestSegment, old.Length + (old.Length / 4))];
        foreach (var hash in old)
            if (hash != 0) Find(grown, hash) = hash;
        segments[segment] = grown;
    }

    // The place of the hash, or the free one where it belongs: the first behind where its lower half points.
    private static ref UInt128 Find(UInt128[] places, UInt128 hash)
    {
        var at = (int)Math.BigMul((ulong)hash, (ulong)places.Length, out _);
        while (places[at] != 0 && places[at] != hash)
            if (++at == places.Length) at = 0;
        return ref places[at];
    }
}
