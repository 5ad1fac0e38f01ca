using System.Numerics;

namespace SparkTrain.Data;

/// <summary>
/// A pseudo-random permutation of 0 … length − 1 in constant memory: a Feistel network on the next even power of two, repeated while the
/// result falls outside (Black and Rogaway, 2002, cycle walking; fewer than four rounds of it on average).
/// </summary>
internal readonly struct SeededPermutation
{
    private const int Rounds = 6;

    private readonly long length;
    private readonly ulong key;
    private readonly int halfBits;

    public SeededPermutation(long length, ulong key)
    {
        (this.length, this.key) = (length, key);
        var bits = length <= 1 ? 0 : 64 - BitOperations.LeadingZeroCount((ulong)(length - 1));
        halfBits = Math.Max(1, (bits + 1) / 2);
    }

    /// <summary>Returns what stands at <paramref name="index"/>.</summary>
    public long this[long index]
    {
        get
        {
            if (length <= 1) return index;
            var value = (ulong)index;
            do value = Shuffle(value);
            while (value >= (ulong)length);
            return (long)value;
        }
    }

    /// <summary>Mixes the bits of <paramref name="value"/> (the finalizer of SplitMix64: Steele, Lea and Flood, 2014).</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private ulong Shuffle(ulong value)
    {
        var mask = (1UL << halfBits) - 1;
        var (left, right) = (value >> halfBits, value & mask);
        for (var round = 0UL; round < Rounds; round++)
            (left, right) = (right, left ^ (Mix(Mix(key ^ round) ^ right) & mask));
        return (left << halfBits) | right;
    }
}
