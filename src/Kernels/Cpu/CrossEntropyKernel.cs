using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>
/// Output projection, soft cap and cross-entropy in one: logits exist for one chunk of rows at a time, and the gradients are computed with them in the
/// forward pass, so nothing of size [rows, vocabulary] outlives a chunk.
/// </summary>
public static unsafe class CrossEntropyKernel
{
    // Shapes: N rows (tokens), D model width, V vocabulary, C rows of one chunk.

    /// <summary>The target of a row that does not count.</summary>
    public const long Ignored = -100;

    private const int MaxChunkRows = 512;
    private const long MaxChunkLogits = 1L << 26;

    /// <summary>Returns the summed cross-entropy in nats, a float32 scalar.</summary>
    /// <param name="h_ND">Final hidden states [.., D], float32.</param>
    /// <param name="embed_VD">Unembedding rows [V, D], float32.</param>
    /// <param name="targets_N">int64 token ids, <see cref="Ignored"/> where the row does not count.</param>
    /// <param name="softcap">Logits become c·tanh(logits / c); null leaves them as they are.</param>
    /// <param name="bfloat16">True computes the three products in bfloat16.</param>
    /// <exception cref="ArgumentOutOfRangeException">A target is neither a token id nor <see cref="Ignored"/>.</exception>
    public static Tensor Apply(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, bool bfloat16)
    {
        long[] shape = h_ND.shape;
        bool learns = is_grad_enabled() && (h_ND.requires_grad || embed_VD.requires_grad);
        return KernelFunction.Run([h_ND, embed_VD],
            () => Forward(h_ND, embed_VD, targets_N, (float)(softcap ?? 0), bfloat16, learns),
            (saved, scale) => [saved[0].mul_(scale).view(shape), saved[1].mul_(scale).alias()]);
    }

    private static (Tensor, Tensor[]) Forward(Tensor h, Tensor embed_VD, Tensor targets, float softcap, bool bfloat16, bool learns)
    {
        long vocab = embed_VD.shape[0];
        var h_ND = h.reshape(-1, embed_VD.shape[1]);
        var targets_N = targets.reshape(-1).contiguous();
        long rows = h_ND.shape[0];
        using var memory = new TensorMemory();
        long* target = (long*)memory.Pointer(targets_N);
        for (long n = 0; n < rows; n++)
            if (target[n] != Ignored && (ulong)target[n] >= (ulong)vocab)
                throw new ArgumentOutOfRangeException(nameof(targets), $"row {n}: target {target[n]} is no token id; the vocabulary has {vocab}");

        var w_VD = bfloat16 ? WeightCasts.Bfloat16(embed_VD) : embed_VD;
        var x_ND = bfloat16 ? h_ND.to(ScalarType.BFloat16) : h_ND;
        var loss_N = empty(rows, ScalarType.Float64);
        double* losses = (double*)memory.Pointer(loss_N);
        var dh_ND = learns ? empty(h_ND.shape) : null;
        var dw_VD = learns ? zeros(embed_VD.shape) : null;
        long chunk = Math.Clamp(MaxChunkLogits / vocab, 16, MaxChunkRows);
        for (long begin = 0; begin < rows; begin += chunk)
        {
            long count = Math.Min(chunk, rows - begin);
            using var scope = NewDisposeScope();
            var x_CD = x_ND.narrow(0, begin, count);
            var logits_CV = MatrixProduct.Of(x_CD, w_VD.t());
            void* logits = memory.Pointer(logits_CV);
            OpenMp.ForRanges(count, 1, (from, to) =>
            {
                using var arena = new Arena();
                float* row = bfloat16 ? arena.Take(vocab) : null;
                for (long c = from; c < to; c++)
                    losses[begin + c] = bfloat16
                        ? Bfloat16Logits((ushort*)logits + c * vocab, row, (int)vocab, target[begin + c], softcap, learns)
                        : Row((float*)logits + c * vocab, (int)vocab, target[begin + c], softcap, learns);
            });
            if (!learns) continue;
            dh_ND!.narrow(0, begin, count).copy_(MatrixProduct.Of(logits_CV, w_VD));
            if (bfloat16) dw_VD!.add_(MatrixProduct.Of(logits_CV.t(), x_CD));
            else dw_VD!.addmm_(logits_CV.t(), x_CD);
        }
        double sum = 0;
        for (long n = 0; n < rows; n++) sum += losses[n];
        return (tensor((float)sum), learns ? [dh_ND!, dw_VD!] : []);
    }

    private static double Bfloat16Logits(ushort* logits, float* row, int vocab, long target, float softcap, bool learns)
    {
        Bfloat16Row.Widen(logits, vocab, row);
        double loss = Row(row, vocab, target, softcap, learns);
        if (learns) Bfloat16Row.Narrow(row, vocab, logits);
        return loss;
    }

    /// <summary>Returns one row's loss and, when learning, replaces its logits by the gradient.</summary>
    private static double Row(float* logits, int vocab, long target, float softcap, bool learns)
    {
        if (target == Ignored)
        {
            if (learns) new Span<float>(logits, vocab).Clear();
            return 0;
        }
        int full = vocab & -Lanes, rest = vocab - full;
        if (softcap > 0) Cap(logits, vocab, softcap);
        float peak = Peak(logits, full);
        for (int i = full; i < vocab; i++) peak = MathF.Max(peak, logits[i]);

        double total = SumExp(logits, full, peak);
        if (rest > 0)
        {
            float* part = stackalloc float[Lanes];
            total += SumExp(Pad(logits + full, rest, part, float.NegativeInfinity), Lanes, peak);
        }
        double logTotal = peak + Math.Log(total), loss = logTotal - logits[target];
        if (learns) Gradient(logits, vocab, target, (float)logTotal, softcap);
        return loss;
    }

    private static void Cap(float* logits, int vocab, float softcap)
    {
        int full = vocab & -Lanes, rest = vocab - full;
        CapVectors(logits, full, softcap);
        if (rest == 0) return;
        float* part = stackalloc float[Lanes];
        CapVectors(Pad(logits + full, rest, part), Lanes, softcap);
        Unpad(part, rest, logits + full);
    }

    /// <summary>(softmax − one-hot) ∘ (1 − (z/c)²) in place of the capped logits z.</summary>
    private static void Gradient(float* logits, int vocab, long target, float logTotal, float softcap)
    {
        float inverse = softcap > 0 ? 1 / softcap : 0, capped = logits[target] * inverse;
        int full = vocab & -Lanes, rest = vocab - full;
        GradientVectors(logits, full, logTotal, inverse);
        if (rest > 0)
        {
            float* part = stackalloc float[Lanes];
            GradientVectors(Pad(logits + full, rest, part), Lanes, logTotal, inverse);
            Unpad(part, rest, logits + full);
        }
        logits[target] -= 1 - capped * capped;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Peak(float* logits, int count)
    {
        var peaks = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < count; i += Lanes) peaks = Vector512.MaxNative(peaks, Vector512.Load(logits + i));
        return Largest(peaks);
    }

    // float32 holds 256 terms a lane at a time; their sums meet in float64.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double SumExp(float* logits, int count, float peak)
    {
        double total = 0;
        for (int begin = 0; begin < count; begin += 256 * Lanes)
        {
            var sum = Vector512<float>.Zero;
            int end = Math.Min(begin + 256 * Lanes, count);
            for (int i = begin; i < end; i += Lanes) sum += Exp(Vector512.Load(logits + i) - Vector512.Create(peak));
            total += Vector512.Sum(sum);
        }
        return total;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CapVectors(float* logits, int count, float softcap)
    {
        var (cap, inverse) = (Vector512.Create(softcap), Vector512.Create(1 / softcap));
        for (int i = 0; i < count; i += Lanes) (cap * Tanh(Vector512.Load(logits + i) * inverse)).Store(logits + i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void GradientVectors(float* logits, int count, float logTotal, float inverseCap)
    {
        var (shift, inverse) = (Vector512.Create(logTotal), Vector512.Create(inverseCap));
        for (int i = 0; i < count; i += Lanes)
        {
            var z = Vector512.Load(logits + i);
            var capped = z * inverse;
            (Exp(z - shift) * (Vector512<float>.One - capped * capped)).Store(logits + i);
        }
    }
}
