using CsCheck;

namespace SparkTrain.Data.Tests;

public sealed class MixtureOrderTests
{
    private static readonly Gen<MixturePart[]> Mixtures = Gen.Select(Gen.Int[0, 4].Select(w => w * 0.37 + 0.003), Gen.Long[1, 400].Array[0, 2], Gen.Int[0, 3], Gen.Long[0, 300]).Select((weight, changes, other, limit) =>
        new MixturePart(sample => sample >= changes.DefaultIfEmpty(long.MaxValue).Min() ? other : weight, changes, limit > 150 ? null : limit)).Array[1, 5];

    [Fact]
    public void Every_sources_samples_come_in_order_without_gaps() => Mixtures.Sample(parts =>
    {
        var order = new MixtureOrder(parts);
        var next = new long[parts.Length];
        for (var i = 0L; i < Math.Min(order.Length ?? 600, 600); i++)
        {
            Assert.Equal(next, order.Taken(i));
            var (source, sample) = order[i];
            Assert.Equal(next[source]++, sample);
        }
        Assert.All(parts.Zip(next), pair => Assert.True(pair.Second <= (pair.First.Limit ?? long.MaxValue)));
        // It ends where nobody who has a weight has anything left.
        if (order.Length is { } end) Assert.All(parts.Zip(order.Taken(end)), pair => Assert.True(pair.First.WeightAt(end) == 0 || pair.Second == pair.First.Limit));
    }, iter: 300);

    [Fact]
    public void Shares_hold_at_every_moment()
    {
        double[] weights = [5, 3, 1.5, 0.5];
        var order = new MixtureOrder([.. weights.Select(w => new MixturePart(_ => w, [], null))]);
        for (var n = 0L; n < 3000; n++)
            Assert.All(weights.Zip(order.Taken(n)), pair => Assert.InRange(pair.Second, (n * pair.First / 10) - 2, (n * pair.First / 10) + 2));
    }

    // By hand: weights 1 and 1, so the first of two is rounded up.
    [Fact]
    public void Equal_weights_take_turns()
    {
        var order = new MixtureOrder([new(_ => 1, [], null), new(_ => 1, [], null)]);
        Assert.Equal([(0, 0L), (1, 0L), (0, 1L), (1, 1L), (0, 2L)], Enumerable.Range(0, 5).Select(i => order[i]));
    }

    [Fact]
    public void Weights_change_where_they_say()
    {
        var order = new MixtureOrder([new(s => s < 100 ? 1 : 0, [100], null), new(s => s < 100 ? 0 : 1, [100], null), new(s => s < 200 ? 0 : 1, [200], null)]);
        Assert.Equal((0, 99L), order[99]);
        Assert.Equal((1, 0L), order[100]);
        Assert.Equal([100, 100, 0], order.Taken(200));
        Assert.Equal([100, 150, 50], order.Taken(300));
    }

    [Fact]
    public void A_source_that_has_given_its_limit_leaves_its_place_to_the_others()
    {
        var order = new MixtureOrder([new(_ => 1, [], 10), new(_ => 1, [], 40), new(_ => 2, [], 50)]);
        Assert.Equal([10, 10, 20], order.Taken(40));
        Assert.Equal([10, 20, 40], order.Taken(70));
        Assert.Equal(100, order.Length);
        Assert.Equal([10, 40, 50], order.Taken(100));
        Assert.Null(new MixtureOrder([new(_ => 1, [], 10), new(_ => 1, [], null)]).Length);
    }

    [Fact]
    public void Counts_stay_exact_in_the_longest_runs()
    {
        var order = new MixtureOrder([new(_ => 1e-9, [], null), new(_ => 1, [], null), new(_ => 1 / 3.0, [], null)]);
        const long Far = 1L << 52;
        for (var n = Far; n < Far + 2000; n++)
        {
            var (before, after) = (order.Taken(n), order.Taken(n + 1));
            Assert.Equal(n, before.Sum());
            Assert.Equal(1, before.Zip(after, (a, b) => b - a).Max());
            Assert.Equal(0, before.Zip(after, (a, b) => b - a).Min());
        }
    }
}
