using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Numerics;

/// <summary>Turns rows of bfloat16 (the upper half of a float32) into float32 and back, without a pass over memory for it.</summary>
public static unsafe class Bfloat16Row
{
    private const int Lanes = 32;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Widen(ushort* source, int count, float* target)
    {
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            var halves = Vector512.Load(source + i);
            (Vector512.WidenLower(halves) << 16).AsSingle().Store(target + i);
            (Vector512.WidenUpper(halves) << 16).AsSingle().Store(target + i + Lanes / 2);
        }
        for (; i < count; i++) target[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }

    /// <summary>Rounds to the nearest, ties to even; NaN must be quiet, as arithmetic makes it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Narrow(float* source, int count, ushort* target)
    {
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
            Vector512.Narrow(Rounded(Vector512.Load(source + i).AsUInt32()), Rounded(Vector512.Load(source + i + Lanes / 2).AsUInt32())).Store(target + i);
        for (; i < count; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            target[i] = (ushort)(bits + 0x7fff + (bits >> 16 & 1) >> 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rounded(Vector512<uint> bits) => bits + Vector512.Create(0x7fffu) + (bits >> 16 & Vector512<uint>.One) >> 16;
}
