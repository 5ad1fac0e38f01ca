namespace SparkTrain.Distributed.Tests;

/// <summary>Ranks that do nothing of themselves, each with its watch: a test enters and leaves calls for them.</summary>
internal sealed class WatchedRanks
{
    private readonly RankWatch[] watches;
    private readonly CallHistory[] histories;

    private WatchedRanks(int ranks) => (watches, histories) = (new RankWatch[ranks], [.. Enumerable.Range(0, ranks).Select(_ => new CallHistory())]);

    public ManualTime Time { get; } = new();

    /// <summary>What ended the job, in order, and the rank that said it.</summary>
    public List<(int Rank, string Message)> Ends { get; } = [];

    /// <summary>The states of ranks' processes that are not simply alive.</summary>
    public Dictionary<int, ProcessState> States { get; } = [];

    public RankWatch this[int rank] => watches[rank];

    public static void Run(int[] hostOfRank, Action<WatchedRanks> test)
    {
        var world = new WatchedRanks(hostOfRank.Length);
        ThreadRanks.RunTransports(new Topology(hostOfRank), transport =>
        {
            int rank = transport.Rank;
            // Threads share their process; its start tells the test which rank is asked for.
            world.watches[rank] = new(transport, TimeSpan.FromSeconds(300), e => world.Ends.Add((rank, e.Message)), world.Time, process => world.States.GetValueOrDefault((int)process.Start, ProcessState.Alive), new(4000 + rank, rank));
            transport.Barrier();
            if (rank == 0) test(world);
            transport.Barrier();
        });
    }

    public void Report(int rank, long step, string phase) => ((IRankWatch)watches[rank]).Report(step, phase);

    public void Enter(int rank, CollectiveCall call)
    {
        histories[rank].Add(call);
        ((IRankWatch)watches[rank]).Enter(call, histories[rank]);
    }

    public void Leave(int rank) => ((IRankWatch)watches[rank]).Leave();

    public void Look(params int[] ranks)
    {
        foreach (int rank in ranks) watches[rank].Look();
    }
}
