using CsCheck;

namespace SparkTrain.Native.Tests;

public sealed class BlockListTests
{
    [Fact]
    public void The_smallest_gap_that_is_large_enough_is_taken_and_gaps_grow_together()
    {
        var blocks = new BlockList(1000);
        long a = blocks.Take(100), b = blocks.Take(50), c = blocks.Take(100), d = blocks.Take(30), e = blocks.Take(10);
        Assert.Equal([0, 100, 150, 250, 280], (long[])[a, b, c, d, e]);
        blocks.Give(a);
        blocks.Give(d);
        Assert.Equal(250, blocks.Take(20));
        Assert.Equal(0, blocks.Take(40));
        blocks.Give(b);
        blocks.Give(c);
        Assert.Equal(40, blocks.Take(210)); // what is left of a, then b and c
        Assert.Equal(290, blocks.Take(710));
        Assert.Equal(-1, blocks.Take(11)); // the largest gap has 10
        Assert.Equal(1000, blocks.HighWater);
        Assert.Throws<KeyNotFoundException>(() => blocks.Give(5));
    }

    [Fact]
    public void A_step_that_is_repeated_takes_no_more_addresses() => Gen.Int[1, 5000].Array[2, 60].Sample(sizes =>
    {
        var blocks = new BlockList(long.MaxValue);
        long kept = blocks.Take(777);
        void Step()
        {
            // Forward takes all, backward frees each and takes as much for a moment.
            var taken = sizes.Select(size => blocks.Take(size)).ToList();
            for (int i = taken.Count - 1; i >= 0; i--)
            {
                long gradient = blocks.Take(sizes[i]);
                blocks.Give(taken[i]);
                blocks.Give(gradient);
            }
        }
        Step();
        long highWater = blocks.HighWater;
        for (int i = 0; i < 5; i++) Step();
        Assert.Equal(highWater, blocks.HighWater);
        Assert.Equal(777, blocks.Used);
        Assert.Equal(777 + sizes.Select((size, i) => sizes[..(i + 1)].Sum() + size).Max(), blocks.Peak);
        blocks.Give(kept);
        Assert.Equal(0, blocks.Used);
    });

    [Fact]
    public void Blocks_never_overlap() => Gen.Int[-8, 300].Array[1, 200].Sample(actions =>
    {
        var blocks = new BlockList(20_000);
        List<(long Begin, long Length)> held = [];
        foreach (int action in actions)
        {
            if (action <= 0 && held.Count > 0)
            {
                int index = -action % held.Count;
                blocks.Give(held[index].Begin);
                held.RemoveAt(index);
            }
            else if (action > 0 && blocks.Take(action) is >= 0 and var begin)
            {
                Assert.DoesNotContain(held, h => begin < h.Begin + h.Length && h.Begin < begin + action);
                Assert.InRange(begin + action, 1, 20_000);
                held.Add((begin, action));
            }
            Assert.Equal(held.Sum(h => h.Length), blocks.Used);
        }
    });
}
