namespace SparkTrain.Model;

/// <summary>
/// What rows of scores, and the choice that top-k makes of them, are like: sums over rows, which those of other ranks can be added to. A row is a token's neurons or a query's visible keys.
/// </summary>
public sealed class ScoreSums
{
    // Shapes: N rows, S scores of a row, 1 broadcast.

    private const int MaxBins = 1000;

    private enum Sum { Rows, Choices, TopkRecall, PredictorRecall, Predictions, Threshold, Mean, Std, Skewness, Kurtosis, GaussianDistance, Count }

    private readonly double[] sums;
    private readonly int binWidth;

    /// <summary>Starts at zero.</summary>
    /// <param name="most">Entries that a row can keep at most, as far as percentiles tell them apart.</param>
    public ScoreSums(int most)
    {
        binWidth = Math.Max(1, (most + MaxBins - 1) / MaxBins);
        sums = new double[(int)Sum.Count + most / binWidth + 1];
    }

    /// <summary>The sums themselves: those of all ranks, added up and put back, are the sums of all rows.</summary>
    public Span<double> Values => sums;

    /// <summary>Share of the k entries with the largest scores that are kept, over rows with more than k entries; null where there are none.</summary>
    public double? TopkRecall => Mean(Sum.TopkRecall, Sum.Choices);

    /// <summary>Share of the k entries that would weigh most, were nothing dropped, that are kept; null where there is no predictor.</summary>
    public double? PredictorRecall => Mean(Sum.PredictorRecall, Sum.Predictions);

    /// <summary>Mean threshold θ over rows with more than k entries.</summary>
    public double? Threshold => Mean(Sum.Threshold, Sum.Choices);

    /// <summary>Mean over rows of the scores' mean.</summary>
    public double? ScoreMean => Mean(Sum.Mean, Sum.Rows);

    /// <summary>Mean over rows of the scores' standard deviation.</summary>
    public double? ScoreStd => Mean(Sum.Std, Sum.Rows);

    /// <summary>Mean over rows of the scores' skewness; 0 for a normal distribution.</summary>
    public double? Skewness => Mean(Sum.Skewness, Sum.Rows);

    /// <summary>Mean over rows of the scores' excess kurtosis; 0 for a normal distribution.</summary>
    public double? ExcessKurtosis => Mean(Sum.Kurtosis, Sum.Rows);

    /// <summary>Mean over rows of the largest distance between the scores' distribution function and that of the normal distribution with their mean and deviation (Kolmogorov-Smirnov).</summary>
    public double? GaussianDistance => Mean(Sum.GaussianDistance, Sum.Rows);

    /// <summary>The number of kept entries that the share <paramref name="share"/> of all rows does not exceed; null without rows.</summary>
    public double? KeptPercentile(double share)
    {
        double wanted = share * sums[(int)Sum.Rows], seen = 0;
        for (int bin = 0; bin < sums.Length - (int)Sum.Count; bin++)
            if ((seen += sums[(int)Sum.Count + bin]) >= wanted && seen > 0) return bin * binWidth + (binWidth - 1) / 2.0;
        return null;
    }

    /// <summary>Forgets all rows.</summary>
    public void Clear() => Array.Clear(sums);

    /// <summary>Adds rows.</summary>
    /// <param name="scores_NS">The scores.</param>
    /// <param name="visible_NS">The entries that belong to the row; null for all.</param>
    /// <param name="kept_NS">The entries that were chosen.</param>
    /// <param name="weight_NS">What each entry would weigh, were nothing dropped; null where that is the score itself.</param>
    /// <param name="k">Entries aimed at; 0 where nothing is aimed at.</param>
    /// <param name="correction">The variance divides by n − this.</param>
    internal void Add(Tensor scores_NS, Tensor? visible_NS, Tensor kept_NS, Tensor? weight_NS, int k, int correction)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var x = scores_NS.to(ScalarType.Float64);
        var hidden_NS = visible_NS?.logical_not() ?? zeros_like(x, ScalarType.Bool);
        var n_N1 = hidden_NS.logical_not().sum([-1], keepdim: true).to(ScalarType.Float64);
        var mean_N1 = x.masked_fill(hidden_NS, 0).sum([-1], keepdim: true) / n_N1;
        var offset_NS = (x - mean_N1).masked_fill(hidden_NS, 0);
        var std_N1 = (offset_NS.square().sum([-1], keepdim: true) / (n_N1 - correction).clamp_min(1)).sqrt();
        var z_NS = offset_NS / std_N1.clamp_min(double.Epsilon);
        var kept_N = kept_NS.sum([-1]);

        var choice_N = k == 0 ? zeros_like(kept_N, ScalarType.Bool) : n_N1.squeeze(-1).gt(k);
        double choices = choice_N.sum().item<long>();
        Add(Sum.Rows, kept_N.numel());
        Add(Sum.Choices, choices);
        Add(Sum.Mean, mean_N1.sum());
        Add(Sum.Std, std_N1.sum());
        Add(Sum.Skewness, (z_NS.pow(3).sum([-1], keepdim: true) / n_N1).sum());
        Add(Sum.Kurtosis, (z_NS.pow(4).sum([-1], keepdim: true) / n_N1 - 3).sum());
        Add(Sum.GaussianDistance, DistanceToNormal(x, hidden_NS, n_N1, mean_N1, std_N1).sum());
        foreach (long count in kept_N.to(ScalarType.Int64).data<long>()) sums[Math.Min((int)Sum.Count + count / binWidth, sums.Length - 1)]++;
        if (choices == 0) return;

        var quantile_N = -special.ndtri((k / n_N1.squeeze(-1)).clamp_max(1));
        Add(Sum.Threshold, (mean_N1.squeeze(-1) + std_N1.squeeze(-1) * quantile_N).masked_fill(choice_N.logical_not(), 0).sum());
        // Both choices are the scores above some threshold, so the smaller one lies inside the larger.
        Add(Sum.TopkRecall, (kept_N.clamp_max(k).to(ScalarType.Float64) / k).masked_fill(choice_N.logical_not(), 0).sum());
        if (weight_NS is null) return;
        var heaviest_NK = weight_NS.masked_fill(hidden_NS, double.NegativeInfinity).topk(k, -1).indexes;
        Add(Sum.PredictorRecall, (kept_NS.gather(-1, heaviest_NK).sum([-1]).to(ScalarType.Float64) / k).masked_fill(choice_N.logical_not(), 0).sum());
        Add(Sum.Predictions, choices);
    }

    private static Tensor DistanceToNormal(Tensor x_NS, Tensor hidden_NS, Tensor n_N1, Tensor mean_N1, Tensor std_N1)
    {
        var sorted_NS = x_NS.masked_fill(hidden_NS, double.PositiveInfinity).sort(-1).Values;
        var normal_NS = special.ndtr((sorted_NS - mean_N1) / std_N1.clamp_min(double.Epsilon));
        var rank_S = arange(1, x_NS.size(-1) + 1, ScalarType.Float64, x_NS.device);
        var distance_NS = maximum(rank_S / n_N1 - normal_NS, normal_NS - (rank_S - 1) / n_N1);
        return distance_NS.masked_fill(rank_S.gt(n_N1), 0).amax([-1]);
    }

    private void Add(Sum sum, Tensor value) => Add(sum, value.item<double>());

    private void Add(Sum sum, double value) => sums[(int)sum] += value;

    private double? Mean(Sum sum, Sum count) => sums[(int)count] > 0 ? sums[(int)sum] / sums[(int)count] : null;
}
