using SparkTrain.Distributed;

namespace SparkTrain.Trainer.Tests;

public sealed class PeakRateTests : IDisposable
{
    private readonly SingleProcess ranks = new();
    private readonly List<double> reported = [];

    public void Dispose() => ranks.Dispose();

    [Fact]
    public void A_rate_below_the_peak_is_its_share_and_nothing_is_measured_again()
    {
        var peak = Measured([8]);
        Assert.Equal([0.25, 1], new[] { peak.ShareOf(2), peak.ShareOf(8) });
        Assert.Equal([8.0], reported);
    }

    [Theory]
    [InlineData(16, 0.75)]
    [InlineData(9, 1)]
    public void A_peak_that_the_run_passes_is_measured_again_and_is_no_less_than_what_was_reached(double second, double share)
    {
        var peak = Measured([8, second]);
        Assert.Equal(share, peak.ShareOf(12));
        Assert.Equal([8, Math.Max(12, second)], reported);
        Assert.Equal(3 / Math.Max(12, second), peak.ShareOf(3));
    }

    [Fact]
    public void A_peak_that_the_configuration_gives_is_kept()
    {
        var peak = Measured([8], isGiven: true);
        Assert.Equal(1.5, peak.ShareOf(12));
        Assert.Equal([8.0], reported);
    }

    // Measures no more often than there are values.
    private PeakRate Measured(double[] values, bool isGiven = false)
    {
        var left = new Queue<double>(values);
        var peak = new PeakRate(left.Dequeue, isGiven, ranks, reported.Add);
        peak.Measure();
        return peak;
    }
}
