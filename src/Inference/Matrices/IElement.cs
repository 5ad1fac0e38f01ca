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

    /// <summary>Bytes from the first 16 rows of a pair to the others.</summary>
    static abstract int HalfBytes { get; }

    /// <summary>Loads 16 rows of a pair's first column.</summary>
    static abstract Vector512<float> Even(byte* half);

    /// <summary>Loads 16 rows of a pair's second column.</summary>
    static abstract Vector512<float> Odd(byte* half);

    /// <summary>Loads a group: columns 0-15 and 16-31.</summary>
    static abstract void LoadGroup(byte* group, out Vector512<float> first, out Vector512<float> second);

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
    public static int HalfBytes => 16 * sizeof(float);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Even(byte* half) => Vector512.Load((float*)half);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Odd(byte* half) => Vector512.Load((float*)half + 32);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadGroup(byte* group, out Vector512<float> first, out Vector512<float> second)
    {
        first = Vector512.Load((float*)group);
        second = Vector512.Load((float*)group + 16);
    }

    /// <inheritdoc/>
    public static void LoadLane(byte* pair, int row, out float even, out float odd) => (even, odd) = (((float*)pair)[row], ((float*)pair)[32 + row]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePair(byte* pair, int row, float even, float odd) => (((float*)pair)[row], ((float*)pair)[32 + row]) = (even, odd);

    /// <inheritdoc/>
    public static void StoreGroup(byte* group, float* values)
    {
        for (int i = 0; i < 32; i++) ((float*)group)[i] = values[i];
    }
}

/// <summary>bfloat16, two in 32 bits, the first in the lower half: a shift or a mask makes a float32 of either. A group couples column i with column i + 16.</summary>
internal readonly unsafe struct Bfloat16Element : IElement
{
    private const uint UpperHalf = 0xffff_0000;

    /// <inheritdoc/>
    public static int Bytes => sizeof(ushort);

    /// <inheritdoc/>
    public static int HalfBytes => 16 * sizeof(uint);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Even(byte* half) => (Vector512.Load((uint*)half) << 16).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Odd(byte* half) => (Vector512.Load((uint*)half) & Vector512.Create(UpperHalf)).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadGroup(byte* group, out Vector512<float> first, out Vector512<float> second)
    {
        var columns = Vector512.Load((uint*)group);
        first = (columns << 16).AsSingle();
        second = (columns & Vector512.Create(UpperHalf)).AsSingle();
    }

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
    public static void StoreGroup(byte* group, float* values)
    {
        for (int i = 0; i < 16; i++) ((uint*)group)[i] = Couple(values[i], values[16 + i]);
    }

    private static uint Couple(float first, float second) => Bfloat16.Round(first) | (uint)Bfloat16.Round(second) << 16;
}
