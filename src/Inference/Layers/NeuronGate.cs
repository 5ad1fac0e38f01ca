using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>Which neurons are active by their scores, and what they are activated by: the σ(Top_k(·)) of paper eq. 5, or a ReLU.</summary>
internal sealed unsafe class NeuronGate
{
    private readonly FfnConfig ffn;
    private readonly int correction;
    private readonly bool selects, isExact;
    private readonly double quantile;

    /// <summary>Prepares the gate of a layer.</summary>
    public NeuronGate(FfnConfig ffn, int correction, TopkSelector selector)
    {
        (this.ffn, this.correction) = (ffn, correction);
        selects = ffn.HasTopk() && ffn.Active < ffn.DFf;
        isExact = selects && selector == TopkSelector.Exact;
        quantile = selects ? QuantileTable.Above(ffn.Active, ffn.DFf) : 0;
    }

    /// <summary>True where the threshold comes from the scores' statistics.</summary>
    public bool NeedsStatistics => selects && !isExact;

    /// <summary>True where the threshold comes from the scores themselves.</summary>
    public bool ReadsWholeRows => isExact;

    /// <summary>Returns θ of a row of scores.</summary>
    public double Threshold(float* scores, double* statistics)
    {
        if (!selects) return 0;
        if (isExact) return RankSelection.Largest(new(scores, ffn.DFf), ffn.Active);
        var (mean, deviation) = PieceStatistics.Of(statistics, correction);
        return mean + quantile * deviation;
    }

    /// <summary>Replaces 16 scores by what their neurons are activated by; returns a bit for each active one. What is not a number is active, and stays so.</summary>
    public uint Activate(float* scores, double threshold)
    {
        var s = Vector512.Load(scores);
        if (!ffn.HasTopk())
        {
            var positive = Vector512.MaxNative(Vector512<float>.Zero, s);
            (ffn.Kind == FfnKind.GatedRelu2 ? positive * positive : positive).Store(scores);
            return Active(positive);
        }
        if (!selects)
        {
            VectorMath.Gelu(s, out _).Store(scores);
            return 0xffff;
        }
        var y = new SoftThreshold(threshold).Above(s);
        uint mask = Active(y);
        if (mask == 0) return 0;
        if (ffn.HuberDelta > 0) y = Huber(y, (float)ffn.HuberDelta);
        VectorMath.Gelu(y, out _).Store(scores);
        return mask;
    }

    private static uint Active(Vector512<float> y) => (uint)Vector512.ExtractMostSignificantBits(~Vector512.LessThanOrEqual(y, Vector512<float>.Zero)) & 0xffff;

    // Huber(y; δ)/δ for y ≥ 0: y²/2δ below δ, y − δ/2 from there on (paper eq. 13-14).
    private static Vector512<float> Huber(Vector512<float> y, float delta)
    {
        var isBelow = Vector512.LessThan(y, Vector512.Create(delta));
        return Vector512.ConditionalSelect(isBelow, y * y / Vector512.Create(2 * delta), y - Vector512.Create(delta / 2));
    }
}
