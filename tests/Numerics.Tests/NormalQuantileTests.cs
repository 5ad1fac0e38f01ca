namespace SparkTrain.Numerics.Tests;

public sealed class NormalQuantileTests
{
    // From SciPy's special.ndtri and printed tables.
    [Theory]
    [InlineData(1 - 1106.0 / 13824, 1.4050326350006996)]
    [InlineData(0.95, 1.6448536269514715)]
    [InlineData(0.975, 1.9599639845400540)]
    [InlineData(0.5, 0)]
    [InlineData(1e-5, -4.264890793922825)]
    [InlineData(1e-20, -9.262340089798409)]
    [InlineData(1e-300, -37.047096299361201)]
    public void Is_the_known_value(double p, double expected) => Assert.Equal(expected, NormalQuantile.Of(p), 2e-15 * Math.Max(1, Math.Abs(expected)));

    [Theory]
    [InlineData(257, -2.661380)]
    [InlineData(300, -1.050837)]
    [InlineData(512, 0)]
    [InlineData(1024, 0.674490)]
    [InlineData(8192, 1.862732)]
    public void Leaves_256_of_n_above(int n, double expected) => Assert.Equal(expected, QuantileTable.Of(256, 8192)[n], 5e-7);

    [Fact]
    public void Rows_no_longer_than_k_keep_everything() => Assert.All(QuantileTable.Of(256, 300)[..257], q => Assert.Equal(double.NegativeInfinity, q));

    [Fact]
    public void Ends_are_infinite_and_what_is_no_probability_is_no_number()
    {
        Assert.Equal(double.NegativeInfinity, NormalQuantile.Of(0));
        Assert.Equal(double.PositiveInfinity, NormalQuantile.Of(1));
        Assert.All([-0.1, 1.1, double.NaN], p => Assert.True(double.IsNaN(NormalQuantile.Of(p))));
    }
}
