using System.Net;

namespace SparkTrain.Dashboard.Tests;

/// <summary>The command line.</summary>
public sealed class CommandTests
{
    [Fact]
    public void Options_are_read()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "0123456789abcdef\n");
        var options = CommandOptions.Read(["--address", "0.0.0.0:81", "--database", "x.db", "--token-file", file])!;
        Assert.Equal((new IPEndPoint(IPAddress.Any, 81), "x.db"), (options.Address, options.Database));
        Assert.True(options.Token!.Is("0123456789abcdef"));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 8090), CommandOptions.Read([])!.Address);
        Assert.Null(CommandOptions.Read(["--database", "x.db", "--help"]));
        File.Delete(file);
    }

    [Theory]
    [InlineData("--adress", "x")]
    [InlineData("--address")]
    [InlineData("--address", "localhost")]
    [InlineData("--address", "127.0.0.1")]
    [InlineData("--address", "0.0.0.0:8090")]
    [InlineData("--token-file", "/no/such/file")]
    public void Wrong_ones_are_told_with_what_to_do(params string[] args)
    {
        string message = Assert.Throws<DashboardException>(() => CommandOptions.Read(args)).Message;
        foreach (string part in (string[])["Found: ", "Expected: ", "Do: "]) Assert.Contains(part, message);
    }

    [Fact]
    public async Task A_taken_port_is_told_with_what_to_do()
    {
        await using var first = await TestServer.StartAsync();
        var address = new IPEndPoint(IPAddress.Loopback, first.Server.Address.Port);
        var e = await Assert.ThrowsAsync<DashboardException>(() => DashboardServer.StartAsync(new() { Address = address, Database = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()) }));
        Assert.Contains("the address to listen on", e.Message);
    }
}
