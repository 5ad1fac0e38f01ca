using System.Runtime.ExceptionServices;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.Launcher.Supervision;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher;

/// <summary>Makes this process one rank of an MPI job: what fails on any rank ends all of them, with one message and one exit code.</summary>
internal sealed class RankJob : IDisposable
{
    // Time that rank 0 has to speak first: most errors in training hit all ranks alike.
    private static readonly TimeSpan TurnOfRank0 = TimeSpan.FromSeconds(1);

    private readonly MpiWorld world;
    private readonly Terminal terminal;
    private readonly HeartbeatSender? heartbeats;
    private MpiRanks? ranks;

    private RankJob(MpiWorld world, Terminal terminal, HeartbeatSender? heartbeats) => (this.world, this.terminal, this.heartbeats) = (world, terminal, heartbeats);

    /// <summary>Joins the job, loads the configuration, trains, and returns the exit code.</summary>
    /// <param name="launcher">What the launcher said.</param>
    /// <param name="load">Loads the configuration.</param>
    /// <param name="terminal">Where messages go.</param>
    /// <param name="heartbeats">Tells the supervisor what this rank does, where there is one.</param>
    /// <param name="train">Trains together with the other ranks.</param>
    /// <exception cref="DistributedException">The job cannot be joined.</exception>
    public static int Run(LauncherEnvironment launcher, Func<ResolvedConfiguration<TrainConfig>> load, Terminal terminal, HeartbeatSender? heartbeats,
        Func<ResolvedConfiguration<TrainConfig>, ICollectives, int> train)
    {
        // The configuration says how ranks are connected, but what is wrong with it can be told once only when they are.
        ResolvedConfiguration<TrainConfig>? resolved = null;
        ExceptionDispatchInfo? refused = null;
        try
        {
            resolved = load();
        }
        catch (Exception e)
        {
            refused = ExceptionDispatchInfo.Capture(e);
        }
        using var job = new RankJob(MpiWorld.Join(launcher), terminal, heartbeats);
        return job.Run(resolved, refused, train);
    }

    /// <summary>Leaves the job together with the other ranks.</summary>
    public void Dispose()
    {
        // The watch's memory goes with the ranks.
        heartbeats?.Ask(null);
        ranks?.Dispose();
    }

    private int Run(ResolvedConfiguration<TrainConfig>? resolved, ExceptionDispatchInfo? refused, Func<ResolvedConfiguration<TrainConfig>, ICollectives, int> train)
    {
        AppDomain.CurrentDomain.UnhandledException += (_, thrown) => Fail((Exception)thrown.ExceptionObject);
        // Filters run before anything is disposed. That would wait for ranks that wait for this one, and let the launcher see this one end before it has spoken.
        try
        {
            ranks = new(world, resolved?.Value.Distributed ?? new(), SharedBytes(resolved?.Value), End);
            heartbeats?.Ask(() => ranks.Watch.Current);
            foreach (string warning in world.Warnings) terminal.Error.WriteLine($"warning: {warning}");
            ranks.Collectives.Agree(() => refused?.Throw(), ErrorReport.Describe);
            RequireOneConfiguration(resolved!, ranks.Collectives);
            return train(resolved!, ranks.Collectives);
        }
        catch (RankFailureException e) when (Tell(e.Failure))
        {
            return e.Failure.ExitCode;
        }
        catch (Exception e) when (Fail(e))
        {
            return ExitCodes.Of(e);
        }
    }

    private long SharedBytes(TrainConfig? config) => config is null ? 0 : MemoryEstimate.Of(config, world.WorldSize, world.LocalSize).Shared;

    private static void RequireOneConfiguration(ResolvedConfiguration<TrainConfig> resolved, ICollectives ranks)
    {
        int? unlike = ranks.FirstUnlike(Fingerprint.Of(string.Join('\n', resolved.Values.Select(value => $"{value.Key}={value.Text}"))));
        ranks.Agree(() =>
        {
            if (unlike == ranks.Rank)
                throw new ConfigurationException(resolved.File, $"its values on {Environment.MachineName} are not those of rank 0", "one configuration for all ranks",
                    "give all hosts the same file, and hand environment variables on (mpiexec -x SPARKTRAIN_…); `config` shows each value and where it comes from");
        }, ErrorReport.Describe);
    }

    // All ranks have the same failure: rank 0 says it.
    private bool Tell(RankFailure failure)
    {
        if (world.Rank == 0) terminal.Error.WriteLine((failure.Rank > 0 ? $"[rank {failure.Rank}] " : "") + failure.Message);
        return true;
    }

    // This rank has a failure that the others do not know of.
    private bool Fail(Exception e)
    {
        ranks?.Watch.EndJob();
        if (world.Rank > 0) Thread.Sleep(TurnOfRank0);
        var (code, text) = ErrorReport.Describe(e);
        var place = ranks?.Watch.Current;
        terminal.Error.WriteLine($"[rank {world.Rank}] {(place is { } at ? $"step {at.Step}, {at.Phase}{(at.Call is null ? "" : ", " + at.Call)}: " : "")}{text}");
        Abort(code);
        return true;
    }

    private void End(DistributedException e)
    {
        terminal.Error.WriteLine($"[rank {world.Rank}] error: {e.Message}");
        Abort(ExitCodes.Environment);
    }

    // The supervisor hears who ends the job, and does not take this rank for lost.
    private void Abort(int code)
    {
        heartbeats?.Leave(code);
        world.Abort(code);
    }
}
