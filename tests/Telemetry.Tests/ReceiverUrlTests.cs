namespace SparkTrain.Telemetry.Tests;

/// <summary>No secret gets into an address that everyone sees.</summary>
public sealed class ReceiverUrlTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8090/api/events", true)]
    [InlineData("https://logs.example.com", true)]
    [InlineData("https://logs.example.com/", true)]
    [InlineData("http://[::1]:8090/api/events", true)]
    [InlineData("https://logs.example.com/a@b/c%20d", true)]
    [InlineData("http://user:password@127.0.0.1:8090/api/events", false)]
    [InlineData("http://token@127.0.0.1:8090/api/events", false)]
    [InlineData("http://@127.0.0.1/", false)]
    [InlineData("http://127.0.0.1:8090/api/events?key=secret", false)]
    [InlineData("http://127.0.0.1:8090?key=secret", false)]
    [InlineData("http://127.0.0.1:8090/#token=secret", false)]
    [InlineData("http://127.0.0.1:8090/api/events\n", false)]
    [InlineData("http://a b/", false)]
    [InlineData("http://127.0.0.1:99999/", false)]
    [InlineData("http://[bad/", false)]
    [InlineData("ftp://127.0.0.1/", false)]
    [InlineData("http://", false)]
    [InlineData("", false)]
    public void An_address_has_no_place_for_a_secret(string url, bool isFit) => Assert.Equal(isFit, ReceiverUrl.IsFit(url));
}
