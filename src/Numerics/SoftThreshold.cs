using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Numerics;

/// <summary>x ↦ max(x − θ, 0) with a θ kept as the sum of two floats: x − θ is as exact as x even where θ is large beside the spread of the row.</summary>
public readonly struct SoftThreshold
{
    private readonly Vector512<float> high, low;

    public SoftThreshold(double theta)
    {
        float rounded = (float)theta;
        high = Vector512.Create(rounded);
        low = Vector512.Create(float.IsFinite(rounded) ? (float)(theta - rounded) : 0);
    }

    /// <summary>The part of x above the threshold: positive where x is active, 0 elsewhere, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Above(Vector512<float> x) => Vector512.MaxNative(Vector512<float>.Zero, x - high - low);
}
