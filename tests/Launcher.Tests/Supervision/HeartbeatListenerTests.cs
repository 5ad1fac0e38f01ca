using System.Net;
using System.Net.Sockets;
using System.Text;
using SparkTrain.Distributed;
using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class HeartbeatListenerTests : IDisposable
{
    private const string Token = "secret";
    private const string Beat = "1\t4711\tnode7\t812\tbackward\t\t0\t\n";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly RankRoster roster = new(2, TimeProvider.System);
    private readonly HeartbeatListener listener;

    public HeartbeatListenerTests() => listener = new(IPAddress.Loopback, Token, roster);

    public void Dispose() => listener.Dispose();

    [Fact]
    public void Each_heartbeat_is_noted_and_answered()
    {
        using var rank = Connect(Token + "\n" + Beat);
        Assert.Equal(1, rank.Receive(new byte[9]));
        Assert.Equal(812, roster.Look()[1].Last!.Status.Step);
        Assert.Null(roster.Look()[0].Last);
        rank.Send(Encoding.UTF8.GetBytes(Beat.Replace("812", "813", StringComparison.Ordinal)));
        Assert.Equal(1, rank.Receive(new byte[9]));
        Assert.Equal(813, roster.Look()[1].Last!.Status.Step);
        Assert.Null(roster.Look()[1].Gone);
    }

    [Fact]
    public void A_line_may_come_in_pieces()
    {
        using var rank = Connect("sec");
        foreach (char c in "ret\n" + Beat) rank.Send([(byte)c]);
        Assert.Equal(1, rank.Receive(new byte[9]));
        Assert.Equal(812, roster.Look()[1].Last!.Status.Step);
    }

    [Theory]
    [InlineData("wrong\n" + Beat)]
    [InlineData("\n" + Beat)]
    [InlineData(Token + Token + "\n" + Beat)]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData(Token + "\nhello\n" + Beat)]
    [InlineData(Token + "\n2\t4711\tnode7\t812\tbackward\t\t0\t\n")]
    public void Who_says_anything_else_is_cut_off(string said)
    {
        using var stranger = Connect(said);
        Assert.Equal(0, ReceiveOrReset(stranger));
        Assert.All(roster.Look(), rank => Assert.Null(rank.Last));
    }

    [Theory]
    [InlineData("")]
    [InlineData(Token + "\n")]
    public void A_line_without_end_is_cut_off(string before)
    {
        using var stranger = Connect(before);
        var flood = new byte[1 << 16];
        Assert.ThrowsAny<SocketException>(() =>
        {
            for (int i = 0; i < 1 << 12; i++) stranger.Send(flood);
        });
    }

    [Fact]
    public void Strangers_who_hold_connections_are_limited_in_number_and_ranks_come_through_after_them()
    {
        var strangers = Enumerable.Range(0, 200).Select(_ => Connect("")).ToList();
        // Those beyond the limit are cut off at once, the others when they have not named the token in time.
        Patience.Until(() => strangers.Count(IsCutOff) >= 200 - 66);
        Patience.Until(() => strangers.TrueForAll(IsCutOff));
        using var rank = Connect(Token + "\n" + Beat);
        Assert.Equal(1, rank.Receive(new byte[9]));
        foreach (var stranger in strangers) stranger.Dispose();
    }

    [Fact]
    public void A_flood_of_heartbeats_keeps_only_the_last()
    {
        using var rank = Connect(Token + "\n");
        string many = string.Concat(Enumerable.Range(0, 20_000).Select(step => $"1\t4711\tnode7\t{step}\tbackward\t\t0\t\n"));
        var sending = new Thread(() => rank.Send(Encoding.UTF8.GetBytes(many)));
        sending.Start();
        int answers = 0;
        while (answers < 20_000) answers += rank.Receive(new byte[4096]) is > 0 and var more ? more : throw new IOException($"the connection ended after {answers} answers");
        Patience.Join(sending, "the last heartbeat to be sent");
        Assert.Equal(19_999, roster.Look()[1].Last!.Status.Step);
    }

    [Fact]
    public void A_rank_whose_connection_ends_is_gone_until_it_is_heard_again()
    {
        using (var first = Connect(Token + "\n" + Beat)) Assert.Equal(1, first.Receive(new byte[9]));
        Patience.Until(() => roster.Look()[1].Gone is not null);
        Assert.True(roster.Look()[1].IsLost);
        using var again = Connect(Token + "\n" + Beat);
        Assert.Equal(1, again.Receive(new byte[9]));
        Assert.False(roster.Look()[1].IsLost);
    }

    [Fact]
    public void A_rank_says_what_it_does_and_with_which_code_it_leaves()
    {
        var address = new SupervisorAddress("127.0.0.1", listener.Port, Token, TimeSpan.FromSeconds(1));
        using var sender = HeartbeatSender.Start(SupervisorAddress.Find(name => address.Variables.GetValueOrDefault(name)), 1, Fail, Fail, interval: TimeSpan.FromMilliseconds(10))!;
        Patience.Until(() => roster.Look()[1].Last?.Status.Phase == "start");
        sender.Ask(() => new(7, "backward", "sum", TimeSpan.FromSeconds(2)));
        Patience.Until(() => roster.Look()[1].Last?.Status == new RankStatus(7, "backward", "sum", TimeSpan.FromSeconds(2)));
        sender.Leave(16);
        var seen = roster.Look()[1];
        Assert.Equal((16, Environment.ProcessId, Environment.MachineName), (seen.Last!.Leaving, seen.Last.Process, seen.Last.Host));
        Assert.False(seen.IsLost);

        static void Fail(string why) => Assert.Fail(why);
    }

    [Fact]
    public void A_rank_without_a_supervisor_is_asked_to_leave_and_then_ended()
    {
        listener.Dispose();
        var time = new SteppingTime(TimeSpan.FromSeconds(1));
        using var ended = new ManualResetEventSlim();
        List<string> said = [];
        using var sender = HeartbeatSender.Start(new("127.0.0.1", listener.Port, Token, TimeSpan.FromSeconds(5)), 1, why => said.Add("stop " + why),
            why =>
            {
                said.Add("end " + why);
                ended.Set();
            }, new(time, TimeSpan.FromSeconds(5)), TimeSpan.FromMilliseconds(10));
        Assert.True(ended.Wait(Limit, TestContext.Current.CancellationToken));
        Assert.StartsWith($"stop the supervisor at 127.0.0.1:{listener.Port} does not answer rank 1 (ConnectionRefused)", said[0], StringComparison.Ordinal);
        Assert.StartsWith("end ", said[1], StringComparison.Ordinal);
    }

    private Socket Connect(string said)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = (int)Limit.TotalMilliseconds };
        socket.Connect(IPAddress.Loopback, listener.Port);
        socket.Send(Encoding.UTF8.GetBytes(said));
        return socket;
    }

    private static bool IsCutOff(Socket socket) => socket.Poll(0, SelectMode.SelectRead);

    private static int ReceiveOrReset(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[9]);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }
}
