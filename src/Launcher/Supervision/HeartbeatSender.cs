using System.Net.Sockets;
using System.Text;
using SparkTrain.Distributed;

namespace SparkTrain.Launcher.Supervision;

/// <summary>
/// Tells the supervisor once a second what this rank does, on a thread that never calls the message library. Where nobody has listened for some time the rank is asked
/// to save and leave, and is ended where it does not, so that no rank outlives its supervisor.
/// </summary>
internal sealed class HeartbeatSender : IDisposable
{
    private static readonly TimeSpan TimeForAnswer = TimeSpan.FromSeconds(5);

    private readonly SupervisorAddress address;
    private readonly int rank;
    private readonly SupervisorLoss loss;
    private readonly Action<string> stop, end;
    private readonly ManualResetEventSlim leaving = new();
    private readonly Thread thread;
    private readonly Lock asking = new();
    private Func<RankStatus> status = AtStart;
    private Socket? socket;
    private int? exitCode;

    private HeartbeatSender(SupervisorAddress address, int rank, SupervisorLoss loss, Action<string> stop, Action<string> end, TimeSpan interval)
    {
        (this.address, this.rank, this.loss, this.stop, this.end) = (address, rank, loss, stop, end);
        thread = new(() =>
        {
            do Beat();
            while (!leaving.Wait(interval));
            Beat();
            socket?.Dispose();
        }) { IsBackground = true, Name = "heartbeat" };
        thread.Start();
    }

    /// <summary>Begins to send where a supervisor has started this process; null where none has.</summary>
    /// <param name="address">The supervisor.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="stop">Called once where nobody listens any more: save and leave.</param>
    /// <param name="end">Called where the rank has not left after that: end this process now.</param>
    /// <param name="loss">When nobody listens any more.</param>
    /// <param name="interval">Time between heartbeats; a second where not given.</param>
    public static HeartbeatSender? Start(SupervisorAddress? address, int rank, Action<string> stop, Action<string> end, SupervisorLoss? loss = null, TimeSpan? interval = null) =>
        address is null ? null : new(address, rank, loss ?? new(TimeProvider.System, address.Grace), stop, end, interval ?? TimeSpan.FromSeconds(1));

    /// <summary>Tells who knows what the rank is doing: asked on the sender's thread, and not any more once another is told; null leaves the last answer.</summary>
    public void Ask(Func<RankStatus>? about)
    {
        lock (asking)
        {
            var last = status();
            status = about ?? (() => last);
        }
    }

    /// <summary>Says with which exit code this rank leaves, and ends sending. Without it the supervisor takes the rank for lost.</summary>
    public void Leave(int code)
    {
        exitCode = code;
        Dispose();
    }

    /// <summary>Ends sending.</summary>
    public void Dispose()
    {
        leaving.Set();
        if (Thread.CurrentThread != thread) thread.Join(2 * TimeForAnswer);
    }

    private void Beat()
    {
        try
        {
            if (socket is null) Connect();
            RankStatus now;
            lock (asking) now = status();
            Send(new Heartbeat(rank, Environment.ProcessId, Environment.MachineName, now, exitCode).ToString());
            if (socket!.Receive(new byte[1]) == 0) throw new SocketException((int)SocketError.ConnectionReset);
            loss.Answered();
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            socket = null;
            if (leaving.IsSet) return;
            string problem = $"the supervisor at {address.Host}:{address.Port} does not answer rank {rank} ({e.SocketErrorCode})";
            switch (loss.Failed(isRefused: e.SocketErrorCode == SocketError.ConnectionRefused))
            {
                case SupervisorLoss.Verdict.Stop: stop(problem); break;
                case SupervisorLoss.Verdict.End: end(problem); break;
            }
        }
    }

    private static RankStatus AtStart() => new(0, "start", null, TimeSpan.Zero);

    private void Connect()
    {
        socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = (int)TimeForAnswer.TotalMilliseconds, ReceiveTimeout = (int)TimeForAnswer.TotalMilliseconds };
        using var hurry = new CancellationTokenSource(TimeForAnswer);
        try
        {
            socket.ConnectAsync(address.Host, address.Port, hurry.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
        Send(address.Token);
    }

    private void Send(string line) => socket!.Send(Encoding.UTF8.GetBytes(line + "\n"));
}
