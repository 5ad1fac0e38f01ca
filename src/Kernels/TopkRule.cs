namespace SparkTrain.Kernels;

/// <summary>How top-k picks the neurons of an FFN: y = max(x − θ, 0), with θ from statistics (paper eq. 9-11) or from sorting, smoothed where asked for (eq. 13-14).</summary>
/// <param name="Active">Entries that a row aims to keep, k; from the row's length on the operator is off and y = x.</param>
/// <param name="Correction">The variance divides by the row's length − this.</param>
/// <param name="Selector">Where θ comes from.</param>
/// <param name="HuberDelta">δ of the smoothing; 0 is none.</param>
public readonly record struct TopkRule(int Active, int Correction = 1, TopkSelector Selector = TopkSelector.Statistical, double HuberDelta = 0)
{
    // Shapes: N rows (any leading dimensions), F entries of a row, 1 broadcast.

    /// <summary>True where the fused kernels compute it.</summary>
    internal bool IsPlain => Selector == TopkSelector.Statistical && HuberDelta == 0;

    /// <summary>True where nothing is dropped from a row of so many entries.</summary>
    internal bool KeepsAll(long width) => Active >= width;

    /// <summary>Returns y [N, F] of scores in float32 or float64, composed from libtorch's operations; gradients flow through θ.</summary>
    internal Tensor Composed(Tensor x_NF)
    {
        if (KeepsAll(x_NF.size(-1))) return x_NF.alias();
        using var scope = NewDisposeScope();
        var y_NF = Selector == TopkSelector.Exact ? Exact(x_NF) : StatisticalTopK.Composed(x_NF, Active, Correction);
        return (HuberDelta > 0 ? Huber(y_NF) : y_NF).MoveToOuterDisposeScope();
    }

    // θ is the largest score that is dropped, so that exactly k exceed it.
    private Tensor Exact(Tensor x_NF) => F.relu(x_NF - x_NF.topk(Active + 1, -1).values[TensorIndex.Ellipsis, ^1..]);

    // Huber(y; δ)/δ for y ≥ 0: y²/2δ below δ, y − δ/2 from there on.
    private Tensor Huber(Tensor y_NF) => where(y_NF.lt(HuberDelta), y_NF.square() / (2 * HuberDelta), y_NF - HuberDelta / 2);
}
