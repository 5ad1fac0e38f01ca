namespace SparkTrain.Trainer.Tests;

public sealed class LrScheduleTests
{
    private static readonly LrScheduleConfig Cosine = new() { Lr = 2, MinLrFactor = 0.1, WarmupSteps = 10 };
    private static readonly LrScheduleConfig Stable = new() { Kind = LrScheduleKind.WarmupStableDecay, Lr = 2, MinLrFactor = 0.25, WarmupSteps = 10, DecaySteps = 20 };

    [Theory]
    [InlineData(1, 0.2)]
    [InlineData(10, 2.0)]
    [InlineData(60, 1.1)] // half-way between 10 and 110: the mean of 2 and 0.2
    [InlineData(110, 0.2)]
    public void Cosine_rises_linearly_and_falls_to_its_minimum(long step, double lr) => Assert.Equal(lr, Cosine.LrAt(step, 110), 1e-12);

    [Theory]
    [InlineData(5, 1.0)]
    [InlineData(50, 2.0)]
    [InlineData(80, 2.0)]
    [InlineData(90, 1.25)] // half of the decay: the mean of 2 and 0.5
    [InlineData(100, 0.5)]
    public void Warm_up_stable_decay_holds_and_then_falls_in_a_line(long step, double lr) => Assert.Equal(lr, Stable.LrAt(step, 100), 1e-12);

    [Fact]
    public void Without_warm_up_the_first_step_has_nearly_the_full_rate() => Assert.Equal(2, (Cosine with { WarmupSteps = 0, MinLrFactor = 1 }).LrAt(1, 10), 1e-12);
}
