using System.Net;
using System.Net.Sockets;
using SparkTrain.Input;
using SparkTrain.Native;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Finds the address of this machine to which the ranks send their heartbeats.</summary>
internal static class ListenAddress
{
    // Nothing is sent: a connected datagram socket only asks the system which way it would go. The number is that of the discard service.
    private const int AnyPort = 9;

    /// <summary>Returns the loopback address for ranks of this machine, otherwise the one on the way to the others.</summary>
    /// <exception cref="EnvironmentException">No machine's name can be resolved, or the address given is none.</exception>
    public static IPAddress Find(JobRequest job)
    {
        if (job.ListenAddress is { } given)
            return IPAddress.TryParse(given, out var parsed) ? parsed : throw new EnvironmentException("--listen", $"'{given}' is not an address", "an IP address of this machine that the others reach, such as 10.0.0.1", "see `ip address`");
        if (job.Hosts.Count == 0) return IPAddress.Loopback;
        string? problem = null;
        IPAddress? own = null;
        foreach (string host in job.Hosts.Select(host => host.Name))
        {
            try
            {
                foreach (var address in Dns.GetHostAddresses(host))
                {
                    using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                    socket.Connect(address, AnyPort);
                    var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
                    // The way to a name of this machine leads through itself: only its own ranks could take it.
                    if (!local.Equals(address) && !IPAddress.IsLoopback(local)) return local;
                    own ??= local;
                }
            }
            catch (SocketException e)
            {
                problem ??= $"{host} cannot be found ({e.Reason()})";
            }
        }
        if (own is not null && problem is null) return own;
        throw new EnvironmentException("--hostfile", problem ?? "it names no machine", "names that this machine can resolve", "correct the names, or say with --listen ADDRESS where the ranks reach this machine");
    }
}
