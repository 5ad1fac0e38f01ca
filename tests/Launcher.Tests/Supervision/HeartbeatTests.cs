using CsCheck;
using SparkTrain.Distributed;
using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class HeartbeatTests
{
    [Fact]
    public void A_line_is_what_the_documentation_says() =>
        Assert.Equal("3\t4711\tnode7\t812\tbackward\tall-gather\t0.250\t", new Heartbeat(3, 4711, "node7", new(812, "backward", "all-gather", TimeSpan.FromSeconds(0.25))).ToString());

    [Theory]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\t0\t75", 812, null, 75)]
    [InlineData("0\t1\tn\t0\t\tsum\t12.5\t", 0, "sum", null)]
    public void A_line_is_read(string line, long step, string? call, int? leaving)
    {
        var beat = Heartbeat.Parse(line, worldSize: 4);
        Assert.NotNull(beat);
        Assert.Equal((step, call, leaving), (beat.Status.Step, beat.Status.Call, beat.Leaving));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("4\t4711\tnode7\t812\tbackward\t\t0\t")]
    [InlineData("-1\t4711\tnode7\t812\tbackward\t\t0\t")]
    [InlineData("3\t0\tnode7\t812\tbackward\t\t0\t")]
    [InlineData("3\t4711\t\t812\tbackward\t\t0\t")]
    [InlineData("3\t4711\tnode7\t-812\tbackward\t\t0\t")]
    [InlineData("3\t4711\tnode7\t99999999999999999999\tbackward\t\t0\t")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\tNaN\t")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\tInfinity\t")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\t-Infinity\t")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\t1e300\t")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\t0\t256")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\t0")]
    [InlineData("3\t4711\tnode7\t812\tbackward\t\t0\t\t")]
    [InlineData("3\t4711\tnode7\t812\t\e[31mred\t\t0\t")]
    public void Another_line_is_not(string line) => Assert.Null(Heartbeat.Parse(line, worldSize: 4));

    [Fact]
    public void Whatever_a_rank_is_named_or_does_arrives_as_one_short_line() =>
        Gen.Select(Gen.Int[0, 7], Gen.Int[1, int.MaxValue], Gen.String, Gen.Long[0, long.MaxValue], Gen.String, Gen.Double[0, 1e6]).Sample((rank, process, host, step, text, seconds) =>
        {
            var beat = new Heartbeat(rank, process, "h" + host, new(step, text, text, TimeSpan.FromSeconds(seconds)), 75);
            string line = beat.ToString();
            Assert.DoesNotContain('\n', line);
            Assert.True(System.Text.Encoding.UTF8.GetByteCount(line) <= Heartbeat.MaxLineBytes);
            var read = Heartbeat.Parse(line, worldSize: 8);
            Assert.NotNull(read);
            Assert.Equal((rank, process, step, 75), (read.Rank, read.Process, read.Status.Step, read.Leaving));
            Assert.Equal(seconds, read.Status.InCall.TotalSeconds, 0.001);
        });
}
