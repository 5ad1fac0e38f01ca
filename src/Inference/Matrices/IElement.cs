using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>
/// How numbers lie in packed matrices. A <em>pair</em> is two columns of the 32 rows of a panel, a <em>group</em> is 32 columns of one row; both come out as float32
/// in natural order, whatever the order in memory.
/// </summary>
internal unsafe interface IElement
{
    /// <summary>Bytes of one number.</summary>
    static abstract int Bytes { get; }

    /// <summary>Loads 16 rows of a pair's first column.</summary>
    static abstract Vector512<float> Even(byte* half);

    /// <summary>Loads 16 rows of a pair's second column.</summary>
    static abstract Vector512<float> Odd(byte* half);

    /// <summary>Loads columns 0-15 of a group.</summary>
    static abstract Vector512<float> First(byte* group);

    /// <summary>Loads columns 16-31 of a group.</summary>
    static abstract Vector512<float> Second(byte* group);

    /// <summary>Reads one row's two numbers of a pair.</summary>
    static abstract void LoadLane(byte* pair, int row, out float even, out float odd);

    /// <summary>Puts one row's two numbers into a pair.</summary>
    static abstract void StorePair(byte* pair, int row, float even, float odd);

    /// <summary>Puts 32 numbers into a group.</summary>
    static abstract void StoreGroup(byte* group, float* values);
}

/// <summary>float32 as it is. A pair is 32 rows of one column, then of the next.</summary>
internal readonly unsafe struct Float32Element : IElement
{
    /// <inheritdoc/>
    public static int Bytes => sizeof(float);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Even(byte* half) => Vector512.Load((float*)half);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Odd(byte* half) => Vector512.Load((float*)half + 32);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(byte* group) => Vector512.Load((float*)group);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(byte* group) => Vector512.Load((float*)group + 16);

    /// <inheritdoc/>
    public static void LoadLane(byte* pair, int row, out float even, out float odd) => (even, odd) = (((float*)pair)[row], ((float*)pair)[32 + row]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePair(byte* pair, int row, float even, float odd) => (((float*)pair)[row], ((float*)pair)[32 + row]) = (even, odd);

    /// <inheritdoc/>
    public static void StoreGroup(byte* group, float* values)
    {
        Vector512.Load(values).Store((float*)group);
        Vector512.Load(values + 16).Store((float*)group + 16);
    }
}

/// <summary>bfloat16, two in 32 bits, the first in the lower half: a shift or a mask makes a float32 of either. A group couples column i with column i + 16.</summary>
internal readonly unsafe struct Bfloat16Element : IElement
{
    private const uint UpperHalf = 0xffff_0000, Quiet = 0x0040_0000;

    /// <inheritdoc/>
    public static int Bytes => sizeof(ushort);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Even(byte* half) => (Vector512.Load((uint*)half) << 16).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Odd(byte* half) => (Vector512.Load((uint*)half) & Vector512.Create(UpperHalf)).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(byte* group) => (Vector512.Load((uint*)group) << 16).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(byte* group) => (Vector512.Load((uint*)group) & Vector512.Create(UpperHalf)).AsSingle();

    /// <inheritdoc/>
    public static void LoadLane(byte* pair, int row, out float even, out float odd)
    {
        uint couple = ((uint*)pair)[row];
        (even, odd) = (BitConverter.UInt32BitsToSingle(couple << 16), BitConverter.UInt32BitsToSingle(couple & UpperHalf));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePair(byte* pair, int row, float even, float odd) => ((uint*)pair)[row] = Couple(even, odd);

    /// <inheritdoc/>
    public static void StoreGroup(byte* group, float* values) =>
        (Rounded(Vector512.Load(values)) >> 16 | Rounded(Vector512.Load(values + 16)) & Vector512.Create(UpperHalf)).Store((uint*)group);

    // The nearest bfloat16 in the upper half, of two as near the even one; what is not a number stays so (see Bfloat16.Round).
    private static Vector512<uint> Rounded(Vector512<float> values)
    {
        var bits = values.AsUInt32();
        var nearest = bits + Vector512.Create(0x7fffu) + (bits >> 16 & Vector512<uint>.One);
        return Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), nearest, bits | Vector512.Create(Quiet));
    }

    private static uint Couple(float first, float second) => Bfloat16.Round(first) | (uint)Bfloat16.Round(second) << 16;
}
