using System.Numerics;

namespace SparkTrain.Tokenizers;

/// <summary>
/// A hash table from a pair of token ids to a number. The framework's hash of a 64-bit key is high half xor low half, which for pairs of
/// small ids collides so much that encoding becomes 20 times slower; this one multiplies.
/// </summary>
internal sealed class PairTable
{
    // Most pairs that BPE asks about are not there. Four bits an entry fit the processor's cache where the entries of a large vocabulary
    // do not, and answer 9 of 10 such questions: new words are encoded half again as fast.
    private const int FilterBits = 4;

    private Entry[] entries;
    private ulong[] filter;

    public PairTable(int capacity = 512)
    {
        entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 16) * 2)];
        filter = new ulong[entries.Length * FilterBits / 64];
    }

    public int Count { get; private set; }

    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    public bool TryGet(ulong key, out int value)
    {
        var hash = Hash(key);
        if ((FilterWord(hash) & FilterBit(hash)) == 0)
        {
            value = 0;
            return false;
        }
        ref var entry = ref Find(key, hash);
        value = entry.Value;
        return entry.KeyPlusOne != 0;
    }

    public void Add(ulong key, int value)
    {
        if (Count * 2 >= entries.Length) Grow();
        Put(new Entry(key + 1, value));
    }

    private void Put(Entry added)
    {
        var hash = Hash(added.KeyPlusOne - 1);
        ref var entry = ref Find(added.KeyPlusOne - 1, hash);
        if (entry.KeyPlusOne == 0) Count++;
        entry = added;
        FilterWord(hash) |= FilterBit(hash);
    }

    private static ulong Hash(ulong key) => (key ^ (key >> 29)) * 0x9E3779B97F4A7C15UL;

    private static ulong FilterBit(ulong hash) => 1UL << (int)(hash >> 22);   // shifts count modulo 64

    private ref ulong FilterWord(ulong hash) => ref filter[(int)(hash >> 28) & (filter.Length - 1)];

    private ref Entry Find(ulong key, ulong hash)
    {
        var mask = entries.Length - 1;
        var slot = (int)(hash >> 32) & mask;
        while (entries[slot].KeyPlusOne is not 0 and var found && found != key + 1) slot = (slot + 1) & mask;
        return ref entries[slot];
    }

    private void Grow()
    {
        var old = entries;
        entries = new Entry[old.Length * 2];
        filter = new ulong[entries.Length * FilterBits / 64];
        Count = 0;
        foreach (var entry in old)
            if (entry.KeyPlusOne != 0) Put(entry);
    }

    // 0 in place of a key marks a free entry.
    private readonly record struct Entry(ulong KeyPlusOne, int Value);
}
