using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Numerics;

/// <summary>An elementwise non-linearity σ.</summary>
public enum ActivationKind
{
    /// <summary>GELU in its tanh form.</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)².</summary>
    SquaredRelu,

    /// <summary>x · sigmoid(x).</summary>
    Silu,
}

/// <summary>A non-linearity that loops are compiled for.</summary>
public interface IActivation
{
    /// <summary>Returns σ(x) and its derivative in <paramref name="slope"/>.</summary>
    static abstract Vector512<float> Of(Vector512<float> x, out Vector512<float> slope);
}

/// <summary>What is to be done with a non-linearity that is known at run time only.</summary>
public interface IActivationUse<out TResult>
{
    /// <summary>Does it.</summary>
    TResult With<TActivation>() where TActivation : struct, IActivation;
}

/// <summary>The one list of non-linearities.</summary>
public static class Activations
{
    /// <summary>Runs <paramref name="use"/> with the non-linearity that <paramref name="kind"/> names.</summary>
    public static TResult Use<TResult>(ActivationKind kind, IActivationUse<TResult> use) => kind switch
    {
        ActivationKind.Gelu => use.With<Gelu>(),
        ActivationKind.Relu => use.With<Relu>(),
        ActivationKind.SquaredRelu => use.With<SquaredRelu>(),
        ActivationKind.Silu => use.With<Silu>(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a non-linearity without a rule"),
    };

    /// <summary>True where σ(x) is 0 for every x ≤ 0, so that such neurons are inactive.</summary>
    public static bool IsZeroBelow(this ActivationKind kind) => kind switch
    {
        ActivationKind.Relu or ActivationKind.SquaredRelu => true,
        ActivationKind.Gelu or ActivationKind.Silu => false,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a non-linearity without a rule"),
    };

    private readonly struct Gelu : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope) => VectorMath.Gelu(x, out slope);
    }

    private readonly struct Relu : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope)
        {
            slope = Vector512<float>.One & Vector512.GreaterThan(x, Vector512<float>.Zero);
            return Vector512.MaxNative(Vector512<float>.Zero, x);
        }
    }

    private readonly struct SquaredRelu : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope)
        {
            var positive = Vector512.MaxNative(Vector512<float>.Zero, x);
            slope = positive + positive;
            return positive * positive;
        }
    }

    private readonly struct Silu : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope)
        {
            var sigmoid = VectorMath.Sigmoid(x);
            slope = sigmoid * (Vector512<float>.One + x * (Vector512<float>.One - sigmoid));
            return x * sigmoid;
        }
    }
}
