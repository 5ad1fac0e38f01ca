using CsCheck;

namespace SparkTrain.Data.Tests;

public sealed class SampleOrderTests
{
    // Sizes around one block, one window and several windows, with and without a rest.
    private static readonly Gen<(long Samples, long PerBlock)> Sizes =
        Gen.Select(Gen.Long[1, 2000], Gen.Long[1, 9]);

    [Fact]
    public void Each_epoch_visits_every_sample_once() => Gen.Select(Sizes, Gen.ULong, Gen.Long[0, 5]).Sample((size, key, epoch) =>
    {
        var order = new SampleOrder(size.Samples, size.PerBlock, key);
        var visited = Enumerable.Range(0, (int)size.Samples).Select(i => order[(epoch * size.Samples) + i]).Order();
        Assert.Equal(Enumerable.Range(0, (int)size.Samples).Select(i => (long)i), visited);
    }, iter: 300);

    [Fact]
    public void Epochs_and_seeds_have_orders_of_their_own()
    {
        var order = new SampleOrder(1000, 8, key: 1);
        var other = new SampleOrder(1000, 8, key: 2);
        var first = Enumerable.Range(0, 1000).Select(i => order[i]).ToArray();
        Assert.NotEqual(first, Enumerable.Range(0, 1000).Select(i => order[1000 + i]));
        Assert.NotEqual(first, Enumerable.Range(0, 1000).Select(i => other[i]));
        Assert.NotEqual(first, first.Order());
        Assert.Equal(first, Enumerable.Range(0, 1000).Select(i => new SampleOrder(1000, 8, key: 1)[i]));
    }

    [Fact]
    public void Reading_stays_within_one_window_of_blocks()
    {
        const int PerBlock = 5;
        var order = new SampleOrder(samples: 10_000, PerBlock, key: 7);
        foreach (var window in Enumerable.Range(0, 10_000).Select(i => order[i]).Chunk(PerBlock * SampleOrder.BlocksPerWindow))
            Assert.True(window.Select(s => s / PerBlock).Distinct().Count() <= SampleOrder.BlocksPerWindow);
    }

    // With 8 places and 4000 keys each sample comes first 500 times on average, standard deviation √(4000·⅛·⅞) = 21; five of them are
    // allowed.
    [Fact]
    public void Every_sample_is_equally_likely_to_come_first()
    {
        var counts = new int[8];
        for (var key = 0UL; key < 4000; key++) counts[new SampleOrder(8, 1, key)[0]]++;
        Assert.All(counts, c => Assert.InRange(c, 500 - 105, 500 + 105));
    }

    [Fact]
    public void A_permutation_of_a_huge_length_answers_at_once()
    {
        var permutation = new SeededPermutation(1L << 50, key: 3);
        Assert.InRange(permutation[(1L << 50) - 1], 0, (1L << 50) - 1);
        Assert.NotEqual(permutation[0], permutation[1]);
    }
}
