using System.Globalization;
using System.Net;
using SparkTrain.Configuration;

namespace SparkTrain.Launcher.Serve;

/// <summary>Reads an address to listen on.</summary>
internal static class ListenEndpoint
{
    private const string Expected = "an IP address of this machine, with a port or without: 127.0.0.1, 0.0.0.0:8000, [::1]:8000, localhost:8000";

    /// <summary>Returns what <paramref name="listen"/> and <paramref name="port"/> say; where they say nothing, loopback and the default port.</summary>
    /// <param name="listen">ADDRESS, ADDRESS:PORT, or null. IPv6 addresses with a port stand in brackets.</param>
    /// <param name="port">The port where it is given apart; null for none.</param>
    /// <param name="defaultPort">The port where none is given.</param>
    /// <exception cref="ConfigurationException">It is no address, or the port is none or given twice.</exception>
    public static IPEndPoint Parse(string? listen, int? port, int defaultPort)
    {
        if (port is < 0 or > IPEndPoint.MaxPort) throw new ConfigurationException("--port", $"it is {port}", $"0 (a free one) to {IPEndPoint.MaxPort}", "correct it");
        if (listen is null) return new(IPAddress.Loopback, port ?? defaultPort);
        var (host, own) = Split(listen);
        var address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var parsed) ? parsed : throw Refuse(listen);
        // 1.2.3 and 8000 are addresses to the parser, 1.2.0.3 and 0.0.31.64.
        if (host != "localhost" && !host.Contains(':') && host.Count(c => c == '.') != 3) throw Refuse(listen);
        if (own is null) return new(address, port ?? defaultPort);
        if (!int.TryParse(own, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > IPEndPoint.MaxPort) throw Refuse(listen);
        if (port is not null) throw new ConfigurationException($"--listen {listen}", "--port names a port too", "one of them", "leave one out");
        return new(address, number);
    }

    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
            return text[(end + 1)..] switch { "" => (text[1..end], null), [':', .. var port] => (text[1..end], port), _ => (text, null) };
        // More than one colon: an IPv6 address without a port.
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || colon != text.LastIndexOf(':') ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static ConfigurationException Refuse(string listen) => new("--listen", $"'{listen}' is not an address", Expected, "correct it");
}
