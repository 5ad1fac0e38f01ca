using SparkTrain.Configuration;
using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class HostFileTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Fact]
    public void Both_ways_of_writing_are_read()
    {
        File.WriteAllText(path, "# our cluster\nnode1 slots=8\n\n  node-2.example.org  max-slots=9 slots = 4 # half\n10.0.0.3:2\r\nnode4 : 1\n");
        Assert.Equal([new("node1", 8), new("node-2.example.org", 4), new("10.0.0.3", 2), new("node4", 1)], HostFile.Read(path));
    }

    [Theory]
    [InlineData("node1 8\n", ":1: 'node1 8' is not a machine with its number of ranks.")]
    [InlineData("node1 slots=1000000\nnode2:1\n", ": its machines take more than 1000000 ranks.")]
    [InlineData("node1:2\nnode2 slots=0\n", ":2: 'node2 slots=0' is not")]
    [InlineData("-x:2\n", ":1: '-x:2' is not")]
    [InlineData("node1;rm slots=2\n", ":1: 'node1;rm slots=2' is not")]
    [InlineData("node1 slots=99999999999\n", ":1: 'node1 slots=99999999999' is not")]
    [InlineData("# nothing\n", ": no machine is there.")]
    public void Other_lines_are_refused_by_file_and_line(string text, string message)
    {
        File.WriteAllText(path, text);
        Assert.StartsWith(path + message, Assert.Throws<ConfigurationException>(() => HostFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_alone_take_a_rank_for_every_line_and_may_have_a_user()
    {
        File.WriteAllText(path, "node1\nnode1\nnode2\nnode1 slots=2\nworker@10.0.0.1 slots=2\nroot@10.0.0.2\n");
        Assert.Equal([new("node1", 4), new("node2", 1), new("worker@10.0.0.1", 2), new("root@10.0.0.2", 1)], HostFile.Read(path));
        File.WriteAllText(path, new string('a', 300) + ":1\n");
        Assert.Contains("names of at most 253 letters", Assert.Throws<ConfigurationException>(() => HostFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.StartsWith("nowhere.hosts: it cannot be read (", Assert.Throws<ConfigurationException>(() => HostFile.Read("nowhere.hosts")).Message, StringComparison.Ordinal);

    [Fact]
    public void Machines_are_filled_one_after_the_other()
    {
        RankHost[] hosts = [new("a", 4), new("b", 4), new("c", 4)];
        Assert.Equal([new("a", 4), new("b", 2)], HostFile.Fill(path, hosts, 6));
        Assert.Equal(hosts, HostFile.Fill(path, hosts, 12));
        Assert.StartsWith($"{path}: its machines take 12 ranks.\n  expected: room for --ranks 13\n", Assert.Throws<ConfigurationException>(() => HostFile.Fill(path, hosts, 13)).Message, StringComparison.Ordinal);
    }
}
