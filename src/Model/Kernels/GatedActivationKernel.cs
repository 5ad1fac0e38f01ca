using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Model.Kernels;

/// <summary>The middle of a dense gated FFN: h = σ(g) ∘ u in one pass over memory.</summary>
public static unsafe class GatedActivationKernel
{
    // Every tensor has the same shape; the kernel sees one run of numbers.

    private const long MinPerThread = 8192;

    /// <summary>Returns h of g's shape.</summary>
    /// <param name="g_NF">Gate branch, float32.</param>
    /// <param name="u_NF">The other branch, float32.</param>
    /// <param name="kind">Gated (σ = GELU in its tanh form), GatedRelu or GatedRelu2.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> selects by statistical top-k: see <see cref="SparkGateKernel"/>.</exception>
    public static Tensor Apply(Tensor g_NF, Tensor u_NF, FfnKind kind) => kind switch
    {
        FfnKind.Gated => Apply<GeluActivation>(g_NF, u_NF),
        FfnKind.GatedRelu => Apply<ReluActivation>(g_NF, u_NF),
        FfnKind.GatedRelu2 => Apply<SquaredReluActivation>(g_NF, u_NF),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no elementwise activation"),
    };

    private static Tensor Apply<TActivation>(Tensor g_NF, Tensor u_NF) where TActivation : IActivation => KernelFunction.Run([g_NF, u_NF],
        () =>
        {
            var (g_, u_) = (g_NF.contiguous(), u_NF.contiguous());
            var h_ = empty_like(g_);
            using var memory = new TensorMemory();
            float* g = memory.Float32(g_), u = memory.Float32(u_), h = memory.Float32(h_);
            OpenMp.ForRanges(g_.numel(), MinPerThread, (begin, end) => Forward<TActivation>(g + begin, u + begin, h + begin, end - begin));
            return (h_, [g_, u_]);
        },
        (saved, dh_) =>
        {
            Tensor dg_ = empty_like(dh_), du_ = empty_like(dh_);
            using var memory = new TensorMemory();
            float* g = memory.Float32(saved[0]), u = memory.Float32(saved[1]), dh = memory.Float32(dh_);
            float* dg = memory.Float32(dg_), du = memory.Float32(du_);
            OpenMp.ForRanges(dh_.numel(), MinPerThread, (begin, end) =>
                Backward<TActivation>(g + begin, u + begin, dh + begin, dg + begin, du + begin, end - begin));
            return [dg_, du_];
        });

    private static void Forward<TActivation>(float* g, float* u, float* h, long count) where TActivation : IActivation
    {
        long full = count & -Lanes;
        int rest = (int)(count - full);
        Gate<TActivation>(g, u, h, full);
        if (rest == 0) return;
        float* part = stackalloc float[2 * Lanes];
        Gate<TActivation>(Pad(g + full, rest, part), Pad(u + full, rest, part + Lanes), part, Lanes);
        Unpad(part, rest, h + full);
    }

    private static void Backward<TActivation>(float* g, float* u, float* dh, float* dg, float* du, long count) where TActivation : IActivation
    {
        long full = count & -Lanes;
        int rest = (int)(count - full);
        GateGradient<TActivation>(g, u, dh, dg, du, full);
        if (rest == 0) return;
        float* part = stackalloc float[3 * Lanes];
        GateGradient<TActivation>(Pad(g + full, rest, part), Pad(u + full, rest, part + Lanes), Pad(dh + full, rest, part + 2 * Lanes), part, part + Lanes, Lanes);
        Unpad(part, rest, dg + full);
        Unpad(part + Lanes, rest, du + full);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Gate<TActivation>(float* g, float* u, float* h, long count) where TActivation : IActivation
    {
        for (long i = 0; i < count; i += Lanes) (TActivation.Of(Vector512.Load(g + i), out _) * Vector512.Load(u + i)).Store(h + i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void GateGradient<TActivation>(float* g, float* u, float* dh, float* dg, float* du, long count) where TActivation : IActivation
    {
        for (long i = 0; i < count; i += Lanes)
        {
            Vector512<float> upstream = Vector512.Load(dh + i), other = Vector512.Load(u + i);
            var activation = TActivation.Of(Vector512.Load(g + i), out var slope);
            (upstream * other * slope).Store(dg + i);
            (upstream * activation).Store(du + i);
        }
    }

    private interface IActivation
    {
        static abstract Vector512<float> Of(Vector512<float> x, out Vector512<float> slope);
    }

    private readonly struct GeluActivation : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope) => Gelu(x, out slope);
    }

    private readonly struct ReluActivation : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope)
        {
            slope = Vector512<float>.One & Vector512.GreaterThan(x, Vector512<float>.Zero);
            return Vector512.MaxNative(Vector512<float>.Zero, x);
        }
    }

    private readonly struct SquaredReluActivation : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> x, out Vector512<float> slope)
        {
            var positive = Vector512.MaxNative(Vector512<float>.Zero, x);
            slope = positive + positive;
            return positive * positive;
        }
    }
}
