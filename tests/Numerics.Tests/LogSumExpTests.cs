namespace SparkTrain.Numerics.Tests;

public sealed class LogSumExpTests
{
    [Theory]
    [InlineData(1, 0, 1), InlineData(15, -40, 3), InlineData(16, 60, 10), InlineData(1000, 1e5, 0.5), InlineData(256_003, -7, 4)]
    public void It_is_the_sum_in_float64(int count, float offset, float spread)
    {
        var random = new Random(count);
        float[] row = [.. Enumerable.Range(0, count).Select(_ => offset + spread * (random.NextSingle() - 0.5f))];
        float peak = row.Max();
        decimal sum = row.Aggregate(0m, (total, x) => total + (decimal)Math.Exp((double)x - peak));
        Assert.Equal(peak + Math.Log((double)sum), LogSumExp.Of(row), 1e-6);
    }

    [Fact]
    public void Equal_entries_give_the_logarithm_of_their_number() => Assert.Equal(Math.Log(262_144) + 3, LogSumExp.Of(Enumerable.Repeat(3f, 262_144).ToArray()), 1e-9);

    [Fact]
    public void Entries_far_below_the_largest_do_not_count()
    {
        float[] row = [.. Enumerable.Repeat(-1e30f, 40), 88.5f, float.NegativeInfinity];
        Assert.Equal(88.5, LogSumExp.Of(row), 1e-12);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void What_is_no_number_gives_none(float entry) => Assert.All([0, 7, 40], place => Assert.True(double.IsNaN(LogSumExp.Of([.. Enumerable.Range(0, 41).Select(i => i == place ? entry : i)]))));
}
