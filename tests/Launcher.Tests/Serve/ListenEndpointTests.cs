using SparkTrain.Configuration;
using SparkTrain.Launcher.Serve;

namespace SparkTrain.Launcher.Tests.Serve;

public sealed class ListenEndpointTests
{
    [Theory]
    [InlineData(null, null, "127.0.0.1:8000")]
    [InlineData(null, 0, "127.0.0.1:0")]
    [InlineData("127.0.0.1", null, "127.0.0.1:8000")]
    [InlineData("127.0.0.1:9000", null, "127.0.0.1:9000")]
    [InlineData("0.0.0.0", 9000, "0.0.0.0:9000")]
    [InlineData("localhost", null, "127.0.0.1:8000")]
    [InlineData("localhost:1", null, "127.0.0.1:1")]
    [InlineData("::1", null, "[::1]:8000")]
    [InlineData("[::1]", 9000, "[::1]:9000")]
    [InlineData("[::]:65535", null, "[::]:65535")]
    [InlineData("fe80::1:2", null, "[fe80::1:2]:8000")]
    public void Addresses_are_read_with_a_port_and_without(string? listen, int? port, string expected) => Assert.Equal(expected, ListenEndpoint.Parse(listen, port, 8000).ToString());

    [Theory]
    [InlineData("8000", null, "--listen: '8000' is not an address.")]
    [InlineData("1.2.3", null, "--listen: '1.2.3' is not an address.")]
    [InlineData("example.com:80", null, "--listen: 'example.com:80' is not an address.")]
    [InlineData("127.0.0.1:", null, "--listen: '127.0.0.1:' is not an address.")]
    [InlineData("127.0.0.1:65536", null, "--listen: '127.0.0.1:65536' is not an address.")]
    [InlineData("127.0.0.1:-1", null, "--listen: '127.0.0.1:-1' is not an address.")]
    [InlineData("[::1", null, "--listen: '[::1' is not an address.")]
    [InlineData("[::1]8000", null, "--listen: '[::1]8000' is not an address.")]
    [InlineData("", null, "--listen: '' is not an address.")]
    [InlineData("127.0.0.1:9000", 9000, "--listen 127.0.0.1:9000: --port names a port too.")]
    [InlineData(null, 70000, "--port: it is 70000.")]
    public void What_is_no_address_is_refused(string? listen, int? port, string message) =>
        Assert.StartsWith(message + "\n  expected: ", Assert.Throws<ConfigurationException>(() => ListenEndpoint.Parse(listen, port, 8000)).Message, StringComparison.Ordinal);
}
