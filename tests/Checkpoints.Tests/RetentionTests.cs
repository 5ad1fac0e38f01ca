using CsCheck;

namespace SparkTrain.Checkpoints.Tests;

public sealed class RetentionTests
{
    private static readonly Dictionary<long, double> NoLosses = [];

    [Fact]
    public void The_newest_stay() =>
        Assert.Equal([200, 100], Retention.Expired([100, 300, 200, 400], new() { KeepLast = 2, KeepBest = 0 }, NoLosses));

    [Fact]
    public void Of_every_so_many_steps_the_first_stays_though_it_was_put_off() =>
        Assert.Equal([1400, 600, 400], Retention.Expired([400, 600, 1003, 1400, 2000, 2200], new() { KeepLast = 1, KeepBest = 0, KeepEverySteps = 1000 }, NoLosses));

    [Fact]
    public void The_best_by_validation_loss_stay_and_steps_without_one_are_no_candidates() =>
        Assert.Equal([4, 3, 1], Retention.Expired([1, 2, 3, 4, 5, 6], new() { KeepLast = 1, KeepBest = 2 }, new Dictionary<long, double> { [1] = 3.5, [2] = 2.5, [4] = 3, [5] = 2.75, [9] = 1 }));

    [Fact]
    public void Of_equal_losses_the_newer_is_the_better() =>
        Assert.Equal([1], Retention.Expired([1, 2, 3], new() { KeepLast = 1, KeepBest = 1 }, new Dictionary<long, double> { [1] = 3, [2] = 3 }));

    [Fact]
    public void Saving_one_after_the_other_never_loses_the_newest_nor_what_was_kept_for_good() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 3], Gen.Int[1, 40], Gen.Int[1, 12].Array[1, 40]).Sample((last, best, every, gaps) =>
        {
            var config = new CheckpointConfig { KeepLast = last, KeepBest = best, KeepEverySteps = every };
            var losses = new Dictionary<long, double>();
            HashSet<long> kept = [], saved = [];
            long step = 0;
            foreach (int gap in gaps)
            {
                step += gap;
                kept.Add(step);
                saved.Add(step);
                losses[step] = step * 7919 % 101;
                kept.ExceptWith(Retention.Expired(kept, config, losses));
                Assert.Contains(step, kept);
                Assert.Superset(saved.OrderDescending().Take(last).ToHashSet(), kept);
                Assert.Superset(saved.OrderBy(s => losses[s]).ThenByDescending(s => s).Take(best).ToHashSet(), kept);
                // Whatever was first of its thousand when it was saved is there still.
                Assert.Superset(saved.Where(s => s >= every).GroupBy(s => s / every).Select(g => g.Min()).ToHashSet(), kept);
            }
        });
}
