using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Numerics;

/// <summary>
/// Elementary functions on 16 floats, inlined so that callers keep their accumulators in registers (<c>Vector512.Exp</c> is a call and spills them).
/// Hot loops live in methods that call nothing: any call, even a cold one, makes the compiler spill vectors inside the loop. The ragged end of a row is
/// therefore copied into one padded vector and goes through the same loop (<see cref="Pad"/>).
/// Where the processor has no 512-bit registers the runtime splits each operation in two. NaN goes in, NaN comes out.
/// </summary>
public static unsafe class VectorMath
{
    /// <summary>Floats in one vector.</summary>
    public const int Lanes = 16;

    private const float SmallTanh = 0.65f;

    /// <summary>Copies <paramref name="count"/> &lt; 16 floats to <paramref name="target"/> and fills it up to 16.</summary>
    public static float* Pad(float* source, int count, float* target, float fill = 0)
    {
        for (int i = 0; i < Lanes; i++) target[i] = i < count ? source[i] : fill;
        return target;
    }

    /// <summary>Copies <paramref name="count"/> &lt; 16 floats back.</summary>
    public static void Unpad(float* source, int count, float* target)
    {
        for (int i = 0; i < count; i++) target[i] = source[i];
    }

    /// <summary>target += source.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Add(float* source, int count, float* target)
    {
        int i = 0;
        for (; i + Lanes <= count; i += Lanes) (Vector512.Load(target + i) + Vector512.Load(source + i)).Store(target + i);
        for (; i < count; i++) target[i] += source[i];
    }

    /// <summary>target = source · factor.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Scale(float* source, float factor, int count, float* target)
    {
        int i = 0;
        for (; i + Lanes <= count; i += Lanes) (Vector512.Load(source + i) * factor).Store(target + i);
        for (; i < count; i++) target[i] = source[i] * factor;
    }

    /// <summary>The largest lane; NaN lanes may be passed over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Vector512<float> value)
    {
        var half = Vector256.MaxNative(value.GetLower(), value.GetUpper());
        var quarter = Vector128.MaxNative(half.GetLower(), half.GetUpper());
        return MathF.Max(MathF.Max(quarter[0], quarter[1]), MathF.Max(quarter[2], quarter[3]));
    }

    /// <summary>eˣ within 2 units in the last place for −87 ≤ x ≤ 88.3; 1.6e-38 below and 2.2e38 above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The operand order keeps NaN: MaxNative and MinNative return their second operand then.
        x = Vector512.MinNative(Vector512.Create(88.3f), Vector512.MaxNative(Vector512.Create(-87f), x));
        // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits, ready to go into the exponent.
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), Vector512.Create(12582912f));
        var n = shifted - Vector512.Create(12582912f);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693145752f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-1.42860677e-6f), r);
        // (eʳ − 1 − r) / r² interpolated at Chebyshev nodes on |r| ≤ ln 2 / 2.
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.392617612e-3f), r, Vector512.Create(8.363173075e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.166655466e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.666657703e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        return (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }

    /// <summary>tanh x within 3 units in the last place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        var magnitude = Vector512.Abs(x);
        var z = x * x;
        // (tanh(x)/x − 1) / x² in x², interpolated at Chebyshev nodes on |x| ≤ 0.65.
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(2.214902743e-3f), z, Vector512.Create(-8.272456733e-3f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(2.174618709e-2f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(-5.395634940e-2f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(1.333329075e-1f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(-3.333333308e-1f));
        var small = Vector512.FusedMultiplyAdd(p, z * x, x);
        var isSmall = Vector512.LessThan(magnitude, Vector512.Create(SmallTanh));
        // Soft caps far above the scores are the rule: then the division is skipped.
        if (isSmall.AsInt32() == Vector512<int>.AllBitsSet) return small;
        var large = Vector512<float>.One - Vector512.Create(2f) / (Exp(magnitude + magnitude) + Vector512<float>.One);
        var sign = x & Vector512.Create(-0f);
        return Vector512.ConditionalSelect(isSmall, small, large | sign);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>log(1 + eˣ), exact everywhere: no cut to x above a bound.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Softplus(Vector512<float> x)
    {
        // log(1 + t) = 2 artanh(s) with s = t / (2 + t) ≤ 1/3.
        var t = Exp(-Vector512.Abs(x));
        var s = t / (t + Vector512.Create(2f));
        var z = s * s;
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.161216461e-1f), z, Vector512.Create(1.085328790e-1f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(1.429617900e-1f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(1.999985317e-1f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(3.333333366e-1f));
        s += s;
        return Vector512.MaxNative(Vector512<float>.Zero, x) + Vector512.FusedMultiplyAdd(s * z, p, s);
    }

    /// <summary>GELU in its tanh form, as x·σ(2y) with y = √(2/π)(x + 0.044715 x³); <paramref name="slope"/> receives the derivative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Gelu(Vector512<float> x, out Vector512<float> slope)
    {
        const float twice = 1.5957691216f, cubic = 0.044715f;
        var square = x * x;
        var inner = Vector512.FusedMultiplyAdd(square, Vector512.Create(twice * cubic), Vector512.Create(twice)) * x;
        var sigmoid = Sigmoid(inner);
        var innerSlope = Vector512.FusedMultiplyAdd(square, Vector512.Create(3 * twice * cubic), Vector512.Create(twice));
        var y = x * sigmoid;
        slope = Vector512.FusedMultiplyAdd(y * (Vector512<float>.One - sigmoid), innerSlope, sigmoid);
        return y;
    }
}
