using System.Numerics;

namespace SparkTrain.Data;

/// <summary>
/// A hash table from a pair of token ids to a number. The framework's hash of a 64-bit key is high half xor low half, which for pairs of
/// small ids collides so much that encoding becomes 20 times slower; this one multiplies.
/// </summary>
internal sealed class PairTable(int capacity = 512)
{
    // A key and its value side by side: a look-up in a large vocabulary costs one miss of the cache, not two.
    private Entry[] entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)capacity * 2)];

    public int Count { get; private set; }

    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    public bool TryGet(ulong key, out int value)
    {
        ref var entry = ref Find(entries, key);
        value = entry.Value;
        return entry.KeyPlusOne != 0;
    }

    public void Add(ulong key, int value)
    {
        if (Count * 2 >= entries.Length) Grow();
        ref var entry = ref Find(entries, key);
        if (entry.KeyPlusOne == 0) Count++;
        entry = new Entry(key + 1, value);
    }

    private static ref Entry Find(Entry[] entries, ulong key)
    {
        var mask = entries.Length - 1;
        var slot = (int)(((key ^ (key >> 29)) * 0x9E3779B97F4A7C15UL) >> 32) & mask;
        while (entries[slot].KeyPlusOne is not 0 and var found && found != key + 1) slot = (slot + 1) & mask;
        return ref entries[slot];
    }

    private void Grow()
    {
        var grown = new Entry[entries.Length * 2];
        foreach (var entry in entries)
            if (entry.KeyPlusOne != 0) Find(grown, entry.KeyPlusOne - 1) = entry;
        entries = grown;
    }

    // 0 in place of a key marks a free entry.
    private readonly record struct Entry(ulong KeyPlusOne, int Value);
}
