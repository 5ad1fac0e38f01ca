using System.Diagnostics;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>The rank's side of supervision: heartbeats while it trains, its exit code when it leaves. Does nothing where no supervisor has started this process.</summary>
internal sealed class SupervisedRank : IDisposable
{
    private readonly HeartbeatSender? heartbeats;

    private SupervisedRank(HeartbeatSender? heartbeats) => this.heartbeats = heartbeats;

    /// <summary>Begins to send heartbeats.</summary>
    /// <param name="rank">This rank.</param>
    /// <param name="stop">Asked where the supervisor is gone.</param>
    /// <param name="terminal">Where messages go.</param>
    public static SupervisedRank Start(int rank, StopSignals stop, Terminal terminal) =>
        new(HeartbeatSender.Start(SupervisorAddress.Find(Environment.GetEnvironmentVariable), rank, stop.Request, why => End(why, terminal)));

    /// <summary>Runs the rank and tells the supervisor the exit code with which it leaves.</summary>
    public int Run(Func<HeartbeatSender?, int> train)
    {
        int code = ExitCodes.Bug;
        try
        {
            return code = train(heartbeats);
        }
        catch (Exception e)
        {
            code = ExitCodes.Of(e);
            throw;
        }
        finally
        {
            heartbeats?.Leave(code);
        }
    }

    public void Dispose() => heartbeats?.Dispose();

    // No way of leaving is sure while a thread hangs in the message library.
    private static void End(string why, Terminal terminal)
    {
        terminal.Error.WriteLine($"[rank {terminal.Rank}] error: {why}, and this rank could not leave in time: it ends");
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
