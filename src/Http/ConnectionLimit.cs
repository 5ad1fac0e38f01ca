using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace SparkTrain.Http;

/// <summary>
/// Bounds the connections that one address has open, so that a client which opens many and says little (slowloris) cannot take those of the others. An IPv6 client owns a whole /64, so that counts as one.
/// </summary>
internal sealed class ConnectionLimit(int most, WebLog log)
{
    private const int SubnetBytes = 8;
    private static readonly byte[] Refusal = [.. "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"u8];

    private readonly Lock gate = new();
    private readonly Dictionary<IPAddress, Count> open = [];

    /// <summary>Serves a connection, or refuses it with 429 where its address has as many as it may.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address })
        {
            await next(connection);
            return;
        }
        var client = ClientOf(address);
        if (!Enter(client, out bool isFirst))
        {
            if (isFirst) log(LogLevel.Warning, FormattableString.Invariant($"{client} has {most} connections open, as many as one address may: further ones are refused"), null);
            await connection.Transport.Output.WriteAsync(Refusal, connection.ConnectionClosed);
            return;
        }
        try
        {
            await next(connection);
        }
        finally
        {
            Leave(client);
        }
    }

    /// <summary>Returns what an address is counted by.</summary>
    internal static IPAddress ClientOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(SubnetBytes).Clear();
        return IPAddress.IsLoopback(address) ? address : new(bytes);
    }

    // Said once for each time that an address comes to its limit, not for each connection.
    private bool Enter(IPAddress client, out bool isFirst)
    {
        lock (gate)
        {
            if (!open.TryGetValue(client, out var count)) open[client] = count = new();
            isFirst = count.Connections == most && !count.IsTold;
            if (count.Connections == most)
            {
                count.IsTold = true;
                return false;
            }
            count.Connections++;
            return true;
        }
    }

    private void Leave(IPAddress client)
    {
        lock (gate)
        {
            var count = open[client];
            if (--count.Connections == 0) open.Remove(client);
            else if (count.Connections <= most / 2) count.IsTold = false;
        }
    }

    private sealed class Count
    {
        public int Connections { get; set; }

        public bool IsTold { get; set; }
    }
}
