namespace SparkTrain.Data;

/// <summary>
/// A hash table from a pair of token ids to a number. The framework's hash of a 64-bit key is high half xor low half, which for pairs of
/// small ids collides so much that encoding becomes 20 times slower; this one multiplies.
/// </summary>
internal sealed class PairTable
{
    private ulong[] keys = new ulong[1024];   // key + 1; 0 marks a free slot
    private int[] values = new int[1024];

    public int Count { get; private set; }

    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    public bool TryGet(ulong key, out int value)
    {
        var slot = Find(keys, key);
        value = values[slot];
        return keys[slot] != 0;
    }

    public void Add(ulong key, int value)
    {
        if (Count * 2 >= keys.Length) Grow();
        var slot = Find(keys, key);
        if (keys[slot] == 0) Count++;
        keys[slot] = key + 1;
        values[slot] = value;
    }

    private static int Find(ulong[] keys, ulong key)
    {
        var mask = keys.Length - 1;
        var slot = (int)(((key ^ (key >> 29)) * 0x9E3779B97F4A7C15UL) >> 32) & mask;
        while (keys[slot] != 0 && keys[slot] != key + 1) slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        var (newKeys, newValues) = (new ulong[keys.Length * 2], new int[keys.Length * 2]);
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0) continue;
            var slot = Find(newKeys, keys[i] - 1);
            newKeys[slot] = keys[i];
            newValues[slot] = values[i];
        }
        (keys, values) = (newKeys, newValues);
    }
}
