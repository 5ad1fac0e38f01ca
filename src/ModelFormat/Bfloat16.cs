namespace SparkTrain.ModelFormat;

/// <summary>Rounds float32 to bfloat16, its upper half.</summary>
public static unsafe class Bfloat16
{
    private const uint Infinity = 0x7F80_0000, Magnitude = 0x7FFF_FFFF, Quiet = 0x0040_0000, HalfLessOne = 0x7FFF;

    /// <summary>Returns the bits of the nearest bfloat16, of two as near the even one; what is not a number stays so, with its sign.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        // A carry out of a NaN's fraction would make it a number, and its upper half alone might be infinity.
        return (ushort)(((bits & Magnitude) > Infinity ? bits | Quiet : bits + HalfLessOne + (bits >> 16 & 1)) >> 16);
    }

    /// <summary>Rounds each value.</summary>
    /// <param name="source">The values.</param>
    /// <param name="count">How many they are.</param>
    /// <param name="target">Room for as many; it may be the same memory.</param>
    public static void Round(float* source, long count, ushort* target)
    {
        for (long i = 0; i < count; i++) target[i] = Round(source[i]);
    }
}
