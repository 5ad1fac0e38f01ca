using CsCheck;

namespace SparkTrain.Distributed.Tests;

public sealed class FlatRangeTests
{
    private const long Cell = FlatRange.Cell;

    [Fact]
    public void Shards_are_whole_cells()
    {
        // 3 cells and 5 elements: four cells, the last one short.
        var range = new FlatRange(7, 3 * Cell + 5);
        Assert.Equal([new(7, 2 * Cell), new FlatRange(7 + 2 * Cell, Cell + 5)], Shards(range, 2));
        Assert.Equal([new(7, Cell), new(7 + Cell, Cell), new FlatRange(7 + 2 * Cell, Cell + 5)], Shards(range, 3));
    }

    [Fact]
    public void What_is_shorter_than_a_cell_belongs_to_one_rank() => Assert.Equal([0, 0, 0, 9], Shards(new(0, 9), 4).Select(shard => shard.Count));

    [Fact]
    public void Shards_follow_each_other_and_are_even() =>
        Gen.Select(Gen.Long[0, 1000], Gen.Long[0, 40 * Cell], Gen.Int[1, 64]).Sample((begin, count, ranks) =>
        {
            var range = new FlatRange(begin, count);
            long next = begin;
            foreach (var shard in Shards(range, ranks))
            {
                Assert.Equal(next, shard.Begin);
                Assert.True(shard.Count >= 0 && (shard.Begin - begin) % Cell == 0 || shard.Count == 0);
                next = shard.End;
            }
            Assert.Equal(range.End, next);
            long[] cells = [.. Shards(range, ranks).Select(shard => (shard.Count + Cell - 1) / Cell)];
            Assert.InRange(cells.Max() - cells.Min(), 0, 1);
        });

    [Theory]
    [InlineData(0, 10, 5, 10, 5, 5)]
    [InlineData(5, 10, 0, 7, 5, 2)]
    [InlineData(0, 10, 2, 3, 2, 3)]
    [InlineData(0, 10, 10, 5, 10, 0)]
    [InlineData(20, 5, 0, 10, 20, 0)]
    public void Ranges_intersect(long begin, long count, long otherBegin, long otherCount, long expectedBegin, long expectedCount) =>
        Assert.Equal(new FlatRange(expectedBegin, expectedCount), new FlatRange(begin, count).Intersect(new(otherBegin, otherCount)));

    [Fact]
    public void The_last_bucket_may_be_shorter()
    {
        Assert.Equal([new(0, 4), new(4, 4), new FlatRange(8, 2)], FlatRange.Buckets(10, 4));
        Assert.Equal([new FlatRange(0, 4)], FlatRange.Buckets(4, 4));
        Assert.Empty(FlatRange.Buckets(0, 4));
    }

    private static FlatRange[] Shards(FlatRange range, int ranks) => [.. Enumerable.Range(0, ranks).Select(rank => range.ShardOf(rank, ranks))];
}
