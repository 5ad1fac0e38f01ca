using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>Which neurons are active by their scores, and what they are activated by: the σ(Top_k(·)) of paper eq. 5, or σ alone.</summary>
internal abstract unsafe class NeuronGate
{
    private readonly FfnConfig ffn;
    private readonly int correction;
    private readonly bool selects, isExact;
    private readonly double quantile;

    private NeuronGate(FfnConfig ffn, int correction, TopkSelector selector)
    {
        (this.ffn, this.correction) = (ffn, correction);
        selects = ffn.HasTopk() && ffn.Active < ffn.DFf;
        isExact = selects && selector == TopkSelector.Exact;
        quantile = selects ? QuantileTable.Above(ffn.Active, ffn.DFf) : 0;
    }

    /// <summary>Prepares the gate of a layer.</summary>
    public static NeuronGate Of(FfnConfig ffn, int correction, TopkSelector selector) => Activations.Use(ffn.Kind.Traits().Activation, new Maker(ffn, correction, selector));

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
    public abstract uint Activate(float* scores, double threshold);

    /// <summary>Replaces 16 scores s by σ(s) ∘ u.</summary>
    public abstract void Multiply(float* s, float* u);

    private static uint Active(Vector512<float> y) => (uint)Vector512.ExtractMostSignificantBits(~Vector512.LessThanOrEqual(y, Vector512<float>.Zero)) & 0xffff;

    // Huber(y; δ)/δ for y ≥ 0: y²/2δ below δ, y − δ/2 from there on (paper eq. 13-14).
    private static Vector512<float> Huber(Vector512<float> y, float delta)
    {
        var isBelow = Vector512.LessThan(y, Vector512.Create(delta));
        return Vector512.ConditionalSelect(isBelow, y * y / Vector512.Create(2 * delta), y - Vector512.Create(delta / 2));
    }

    private sealed class Maker(FfnConfig ffn, int correction, TopkSelector selector) : IActivationUse<NeuronGate>
    {
        public NeuronGate With<TActivation>() where TActivation : struct, IActivation => new Activated<TActivation>(ffn, correction, selector);
    }

    private sealed class Activated<TActivation>(FfnConfig ffn, int correction, TopkSelector selector) : NeuronGate(ffn, correction, selector) where TActivation : struct, IActivation
    {
        private readonly bool hasTopk = ffn.HasTopk(), isZeroBelow = ffn.Kind.Traits().Activation.IsZeroBelow();

        public override uint Activate(float* scores, double threshold)
        {
            var s = Vector512.Load(scores);
            if (hasTopk && selects)
            {
                s = new SoftThreshold(threshold).Above(s);
                uint mask = Active(s);
                if (mask == 0) return 0;
                if (ffn.HuberDelta > 0) s = Huber(s, (float)ffn.HuberDelta);
                TActivation.Of(s, out _).Store(scores);
                return mask;
            }
            TActivation.Of(s, out _).Store(scores);
            return isZeroBelow && !hasTopk ? Active(s) : 0xffff;
        }

        public override void Multiply(float* s, float* u) => (TActivation.Of(Vector512.Load(s), out _) * Vector512.Load(u)).Store(s);
    }
}
