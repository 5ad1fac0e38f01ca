using System.Numerics;
using System.Runtime.Intrinsics;

namespace SparkTrain.Distributed;

/// <summary>
/// Sums along one binary tree: T(n) = T(first p) + T(rest), p the largest power of two below n. The tree over 2ⁿ leaves holds the trees over its aligned
/// halves, quarters …, so sums that are made in parts, over micro-batches, ranks of a host, and hosts, keep the bits of the one sum.
/// </summary>
public static unsafe class SumTree
{
    // Two blocks of a level stay in the first-level cache.
    private const int Block = 2048;

    /// <summary>Writes the sum of <paramref name="parts"/>, each of <paramref name="count"/> floats, to <paramref name="sum"/>, which may be one of them.</summary>
    public static void Sum(ReadOnlySpan<nint> parts, float* sum, long count)
    {
        int levels = BitOperations.Log2((uint)parts.Length) + 2;
        float* memory = stackalloc float[levels * Block];
        for (long begin = 0; begin < count; begin += Block)
        {
            int length = (int)Math.Min(Block, count - begin);
            float* total = Node(parts, begin, length, memory);
            new ReadOnlySpan<float>(total, length).CopyTo(new(sum + begin, length));
        }
    }

    /// <summary>Adds <paramref name="count"/> floats of <paramref name="right"/> to those of <paramref name="left"/>: one node of the tree.</summary>
    public static void Add(float* left, float* right, long count) => Add(left, right, left, count);

    // Returns the block of a leaf as it lies, or the sum of an inner node, written to memory.
    private static float* Node(ReadOnlySpan<nint> parts, long begin, int length, float* memory)
    {
        if (parts.Length == 1) return (float*)parts[0] + begin;
        int half = 1 << BitOperations.Log2((uint)parts.Length - 1);
        float* left = Node(parts[..half], begin, length, memory), right = Node(parts[half..], begin, length, memory + Block);
        Add(left, right, memory, length);
        return memory;
    }

    private static void Add(float* left, float* right, float* sum, long count)
    {
        int lanes = Vector512<float>.Count;
        long i = 0;
        for (; i + lanes <= count; i += lanes) (Vector512.Load(left + i) + Vector512.Load(right + i)).Store(sum + i);
        for (; i < count; i++) sum[i] = left[i] + right[i];
    }
}
