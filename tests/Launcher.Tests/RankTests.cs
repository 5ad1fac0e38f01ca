using SparkTrain.Distributed;

namespace SparkTrain.Launcher.Tests;

public sealed class RankTests
{
    [Theory]
    [InlineData("plan --config spark-tiny.json")]
    [InlineData("train --help")]
    [InlineData("--help")]
    [InlineData("--confg spark-tiny.json")]
    public void Ranks_other_than_0_leave_to_it_what_is_not_training(string arguments)
    {
        Assert.Equal((0, ""), Run(arguments, rank: 1));
        Assert.NotEqual("", Run(arguments, rank: 0).Text);
    }

    [Theory]
    [InlineData(8, 2, 4)]
    [InlineData(7, 2, 3)]
    [InlineData(2, 4, 1)]
    public void Ranks_that_may_use_the_same_cores_share_them(int cores, int ranks, int each) => Assert.Equal(each, Cores.Share(cores, ranks));

    [Fact]
    public void A_rank_alone_has_all_cores() => Assert.Equal(Environment.ProcessorCount, Cores.OfRank(new SingleProcess()));

    [Fact]
    public void Ranks_of_one_process_share_its_cores() => ThreadRanks.Run(2, ranks => Assert.Equal(Math.Max(1, Environment.ProcessorCount / 2), Cores.OfRank(ranks)));

    // SHA-256 of the empty text begins e3b0c44298fc.
    [Fact]
    public void A_fingerprint_is_the_beginning_of_a_sha_256() => Assert.Equal(0xe3b0c44298fc, Fingerprint.Of(""));

    private static (int ExitCode, string Text) Run(string arguments, int rank)
    {
        var text = new StringWriter();
        var terminal = new Terminal(name => name == "OMPI_COMM_WORLD_RANK" ? $"{rank}" : null, isOutputRedirected: true, text, text);
        return (CommandLine.Run(arguments.Split(' '), terminal), text.ToString());
    }
}
