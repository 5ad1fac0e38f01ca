using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Launcher.Supervision;

/// <summary>
/// Takes the ranks' heartbeats: the job's token on a line, then one line a second, each answered by one byte, so that a rank knows that somebody listens.
/// Whoever says anything else is cut off; nobody can make this process keep more than a line a connection.
/// </summary>
internal sealed class HeartbeatListener : IDisposable
{
    // Ranks connect anew after an interruption, while their old connections may not have ended yet.
    private const int SpareConnections = 64;
    private static readonly TimeSpan TimeForToken = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource closing = new();
    private readonly TcpListener listener;
    private readonly byte[] token;
    private readonly RankRoster roster;
    private readonly Task accepting;
    private int connections;

    /// <summary>Listens on a free port of an address.</summary>
    /// <exception cref="SocketException">The address is not one of this machine.</exception>
    public HeartbeatListener(IPAddress address, string token, RankRoster roster)
    {
        (this.token, this.roster) = (Encoding.UTF8.GetBytes(token), roster);
        listener = new(address, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    public void Dispose()
    {
        closing.Cancel();
        listener.Stop();
        accepting.Wait();
    }

    private async Task AcceptAsync()
    {
        List<Task> served = [];
        while (!closing.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptSocketAsync(closing.Token).ConfigureAwait(false);
                if (Volatile.Read(ref connections) >= roster.WorldSize + SpareConnections)
                {
                    socket.Dispose();
                    continue;
                }
                Interlocked.Increment(ref connections);
                served.RemoveAll(task => task.IsCompleted);
                served.Add(ServeAsync(socket));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // A connection that ended before it was taken, or the end of listening.
                if (!closing.IsCancellationRequested) await Task.Delay(10).ConfigureAwait(false);
            }
        }
        await Task.WhenAll(served).ConfigureAwait(false);
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                var lines = new Lines(socket);
                using (var hurry = CancellationTokenSource.CreateLinkedTokenSource(closing.Token))
                {
                    hurry.CancelAfter(TimeForToken);
                    if (await lines.NextAsync(hurry.Token).ConfigureAwait(false) is not { } said || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), token)) return;
                }
                while (await lines.NextAsync(closing.Token).ConfigureAwait(false) is { } line && Heartbeat.Parse(line, roster.WorldSize) is { } beat)
                {
                    roster.Hear(beat, socket);
                    await socket.SendAsync("\n"u8.ToArray(), SocketFlags.None, closing.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The rank has ended, or this process no longer listens.
        }
        finally
        {
            roster.Lose(socket);
            Interlocked.Decrement(ref connections);
        }
    }

    /// <summary>Lines of a socket, none longer than <see cref="Heartbeat.MaxLineBytes"/>.</summary>
    private sealed class Lines(Socket socket)
    {
        private readonly byte[] buffer = new byte[Heartbeat.MaxLineBytes];
        private int filled;

        /// <summary>Returns the next line; null at the end, or where a line is too long.</summary>
        public async Task<string?> NextAsync(CancellationToken stop)
        {
            int end;
            while ((end = buffer.AsSpan(0, filled).IndexOf((byte)'\n')) < 0)
            {
                int read = filled == buffer.Length ? 0 : await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, stop).ConfigureAwait(false);
                if (read == 0) return null;
                filled += read;
            }
            string line = Encoding.UTF8.GetString(buffer, 0, end);
            buffer.AsSpan(end + 1, filled - end - 1).CopyTo(buffer);
            filled -= end + 1;
            return line;
        }
    }
}
