namespace SparkTrain.Model.Tests.Auditing;

public sealed class ScoreSumsTests
{
    [Fact]
    public void Two_rows_give_what_is_worked_out_by_hand()
    {
        using var scope = NewDisposeScope();
        var sums = new ScoreSums(4);
        // Row 1: mean 1, squared offsets 1 1 1 1 9 1: only 4 entries are visible: 0 0 2 2, mean 1, variance 4/3. Row 2: 1 1 1 5, mean 2, variance 12/3.
        var scores_NS = tensor(new double[,] { { 0, 0, 2, 2, 99 }, { 1, 1, 1, 5, -99 } });
        var visible_NS = tensor(new[,] { { true, true, true, true, false }, { true, true, true, true, false } });
        var kept_NS = tensor(new[,] { { false, false, true, true, false }, { false, false, false, true, false } });
        // Weights put 2 and 1 of the k = 2 heaviest among the kept.
        var weight_NS = tensor(new double[,] { { 0, 1, 2, 3, 99 }, { 9, 0, 1, 8, 99 } });
        sums.Add(scores_NS, visible_NS, kept_NS, weight_NS, k: 2, correction: 1);
        Assert.Equal(1.5, sums.ScoreMean!.Value, 12);
        Assert.Equal((Math.Sqrt(4.0 / 3) + 2) / 2, sums.ScoreStd!.Value, 12);
        Assert.Equal((2.0 / 2 + 1.0 / 2) / 2, sums.TopkRecall!.Value, 12);
        Assert.Equal((2.0 / 2 + 1.0 / 2) / 2, sums.PredictorRecall!.Value, 12);
        Assert.Equal(1.5, sums.Threshold!.Value, 12);   // Q(1 − 2/4) = 0, so both thresholds are means: 1 and 2
        // z³ of row 1 cancels; of row 2: 3·(−1/2)³ + (3/2)³ = 3, over 4 entries.
        Assert.Equal((0 + 3.0 / 4) / 2, sums.Skewness!.Value, 12);
        Assert.Equal((1, 2), (sums.KeptPercentile(0.05), sums.KeptPercentile(0.95)));
    }

    [Fact]
    public void Normal_rows_look_normal_and_others_do_not()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var (normal, skewed) = (new ScoreSums(2000), new ScoreSums(2000));
        var x_NS = randn(64, 2000, generator: generator);
        normal.Add(x_NS, null, x_NS.gt(1.405), null, 160, 1);
        var y_NS = x_NS.exp();
        skewed.Add(y_NS, null, y_NS.gt(4), null, 160, 1);
        // Deviations over 64 rows of 2000: 0.055/8 and 0.11/8; the Kolmogorov-Smirnov distance of a normal sample is about 0.87/√2000 = 0.019, and less where mean and deviation are fitted.
        Assert.Equal(0, normal.Skewness!.Value, 0.03);
        Assert.Equal(0, normal.ExcessKurtosis!.Value, 0.06);
        Assert.InRange(normal.GaussianDistance!.Value, 0.005, 0.02);
        Assert.InRange(normal.TopkRecall!.Value, 0.95, 1);
        Assert.True(skewed.Skewness > 2 && skewed.GaussianDistance > 0.1);
        Assert.Equal(160, normal.KeptPercentile(0.5)!.Value, 4.0);
    }

    [Fact]
    public void A_constant_row_and_rows_that_keep_all_give_finite_numbers()
    {
        using var scope = NewDisposeScope();
        var sums = new ScoreSums(3);
        sums.Add(ones(2, 3), null, ones(2, 3, ScalarType.Bool), null, 3, 1);
        Assert.Null(sums.TopkRecall);
        Assert.Null(sums.Threshold);
        Assert.Equal(3, sums.KeptPercentile(0.5));
        Assert.All(sums.Values.ToArray(), value => Assert.True(double.IsFinite(value)));
    }
}
