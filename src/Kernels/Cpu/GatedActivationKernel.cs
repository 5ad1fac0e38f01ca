using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>The middle of a dense gated FFN: h = σ(g) ∘ u in one pass over memory.</summary>
public static unsafe class GatedActivationKernel
{
    // Every tensor has the same shape; the kernel sees one run of numbers.

    private const long MinPerThread = 8192;

    /// <summary>Returns h of g's shape.</summary>
    /// <param name="g_NF">Gate branch, float32.</param>
    /// <param name="u_NF">The other branch, float32.</param>
    /// <param name="activation">σ.</param>
    public static Tensor Apply(Tensor g_NF, Tensor u_NF, ActivationKind activation) => Activations.Use(activation, new Application(g_NF, u_NF));

    private sealed class Application(Tensor g_NF, Tensor u_NF) : IActivationUse<Tensor>
    {
        public Tensor With<TActivation>() where TActivation : struct, IActivation => Apply<TActivation>(g_NF, u_NF);
    }

    private static Tensor Apply<TActivation>(Tensor g_NF, Tensor u_NF) where TActivation : struct, IActivation => KernelFunction.Run([g_NF, u_NF],
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

    private static void Forward<TActivation>(float* g, float* u, float* h, long count) where TActivation : struct, IActivation
    {
        long full = count & -Lanes;
        int rest = (int)(count - full);
        Gate<TActivation>(g, u, h, full);
        if (rest == 0) return;
        float* part = stackalloc float[2 * Lanes];
        Gate<TActivation>(Pad(g + full, rest, part), Pad(u + full, rest, part + Lanes), part, Lanes);
        Unpad(part, rest, h + full);
    }

    private static void Backward<TActivation>(float* g, float* u, float* dh, float* dg, float* du, long count) where TActivation : struct, IActivation
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
    private static void Gate<TActivation>(float* g, float* u, float* h, long count) where TActivation : struct, IActivation
    {
        for (long i = 0; i < count; i += Lanes) (TActivation.Of(Vector512.Load(g + i), out _) * Vector512.Load(u + i)).Store(h + i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void GateGradient<TActivation>(float* g, float* u, float* dh, float* dg, float* du, long count) where TActivation : struct, IActivation
    {
        for (long i = 0; i < count; i += Lanes)
        {
            Vector512<float> upstream = Vector512.Load(dh + i), other = Vector512.Load(u + i);
            var activation = TActivation.Of(Vector512.Load(g + i), out var slope);
            (upstream * other * slope).Store(dg + i);
            (upstream * activation).Store(du + i);
        }
    }
}
