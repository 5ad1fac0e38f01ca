namespace SparkTrain.Distributed.Tests;

public sealed class TopologyTests
{
    [Fact]
    public void Ranks_are_grouped_by_host_in_rising_order()
    {
        var topology = new Topology([70, 30, 70, 30, 30]);
        Assert.Equal(5, topology.WorldSize);
        Assert.Equal([[0, 2], [1, 3, 4]], topology.Hosts);
        Assert.Equal([0, 1, 0, 1, 1], Enumerable.Range(0, 5).Select(topology.HostOf));
        Assert.Equal([0, 0, 1, 1, 2], Enumerable.Range(0, 5).Select(topology.LocalOf));
    }

    [Fact]
    public void A_host_with_fewer_ranks_handles_the_shards_of_the_other_in_turn()
    {
        var topology = new Topology([70, 30, 70, 30, 30]);
        Assert.Equal([0, 0, 2, 2, 0], Enumerable.Range(0, 5).Select(owner => topology.HandlerOf(0, owner)));
        Assert.Equal([1, 1, 3, 3, 4], Enumerable.Range(0, 5).Select(owner => topology.HandlerOf(1, owner)));
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("0 0 0", true)] // one host: the whole tree
    [InlineData("0 1 2", true)]
    [InlineData("0 0 1 1", true)]
    [InlineData("0 0 1 1 2", true)] // (01)(23) and the rest
    [InlineData("0 0 0 0 1 1 1", true)]
    [InlineData("0 1 0 1", false)] // in turn
    [InlineData("0 0 0 1 1 1", false)] // the tree is ((01)(23))(45)
    [InlineData("0 1 1", false)] // the tree is (01)2
    [InlineData("0 0 1 2", false)]
    [InlineData("0 0 0 1", false)]
    public void Sums_inside_hosts_are_branches_of_the_tree_only_where_hosts_are_equal_powers_of_two(string hosts, bool subtrees) =>
        Assert.Equal(subtrees, Parse(hosts).HostsAreSubtrees);

    [Fact]
    public void Apart_each_rank_is_a_host() => Assert.Equal([[0], [1], [2]], Topology.Apart(3).Hosts);

    internal static Topology Parse(string hosts) => new([.. hosts.Split(' ').Select(host => int.Parse(host, System.Globalization.CultureInfo.InvariantCulture))]);
}
