using System.Net;
using SparkTrain.Configuration;
using SparkTrain.Launcher.Serve;

namespace SparkTrain.Launcher.Tests.Serve;

public sealed class ServeTokenTests : IDisposable
{
    private static readonly IPEndPoint Loopback = new(IPAddress.IPv6Loopback, 8000), Everywhere = new(IPAddress.Any, 8000);

    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Fact]
    public void It_comes_from_the_file_before_the_variable_and_only_loopback_does_without()
    {
        File.WriteAllText(file, "  the-token-of-the-file\n");
        Assert.True(ServeToken.Find(file, "the-token-of-the-variable", Everywhere)!.Is("the-token-of-the-file"));
        Assert.True(ServeToken.Find(null, "the-token-of-the-variable", Everywhere)!.Is("the-token-of-the-variable"));
        Assert.Null(ServeToken.Find(null, "", Loopback));
        Assert.Contains("there is no token", Assert.Throws<ConfigurationException>(() => ServeToken.Find(null, null, Everywhere)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_could_be_guessed_or_not_be_sent_is_refused_without_being_shown()
    {
        File.WriteAllText(file, "too-short");
        string message = Assert.Throws<ConfigurationException>(() => ServeToken.Find(file, null, Loopback)).Message;
        Assert.StartsWith($"--token-file {file}: the token cannot be used: it has 9 characters.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("too-short", message, StringComparison.Ordinal);
        Assert.StartsWith("SPARKTRAIN_SERVE_TOKEN: the token cannot be used: it has a character that cannot be sent in a header.",
            Assert.Throws<ConfigurationException>(() => ServeToken.Find(null, "two words in a token", Loopback)).Message, StringComparison.Ordinal);
        Assert.StartsWith($"--token-file {file}-none: there is no such file.", Refusal(file + "-none"), StringComparison.Ordinal);
        Assert.StartsWith("--token-file /dev/zero: it cannot be read (it is a device, not a regular file).", Refusal("/dev/zero"), StringComparison.Ordinal);
        File.WriteAllText(file, new string('x', 5000));
        Assert.StartsWith($"--token-file {file}: it cannot be read (it has 5000 bytes, more than 4096).", Refusal(file), StringComparison.Ordinal);

        static string Refusal(string path) => Assert.Throws<ConfigurationException>(() => ServeToken.Find(path, null, Loopback)).Message;
    }
}
