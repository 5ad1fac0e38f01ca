using System.Net;
using SparkTrain.Http;

namespace SparkTrain.Serving.Tests;

public sealed class AccessTests
{
    private const string Secret = "correct-horse-battery-staple";

    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, 401)]
    [InlineData("Bearer wrong-horse-battery-staple", 401)]
    [InlineData("Bearer correct-horse-battery-stapl", 401)]
    [InlineData("Bearer ", 401)]
    [InlineData("Basic correct-horse-battery-staple", 401)]
    [InlineData("correct-horse-battery-staple", 401)]
    [InlineData("Bearer correct-horse-battery-staple", 200)]
    [InlineData("bearer  correct-horse-battery-staple", 200)]
    public async Task Where_there_is_a_token_it_must_be_shown(string? authorization, int status)
    {
        await using var server = await TestServer.StartAsync(options: new() { Token = new(Secret) });
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, "/v1/models"), (HttpMethod.Get, "/metrics"), (HttpMethod.Get, "/v1/models/fake")])
        {
            using var request = new HttpRequestMessage(method, path);
            if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            if (status == 401) await EndpointTests.Require(server.Client.SendAsync(request, Ends), 401, "invalid_api_key", "A valid token is required: Authorization: Bearer TOKEN.");
            else Assert.Equal(HttpStatusCode.OK, (await server.Client.SendAsync(request, Ends)).StatusCode);
        }
        // A load balancer asks without one.
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health", Ends)).StatusCode);
        Assert.DoesNotContain(Secret, server.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:8000", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("127.8.8.8:1", 200)]
    [InlineData("[::1]:8000", 200)]
    [InlineData("evil.example.com", 403)]
    [InlineData("localhost.evil.example.com", 403)]
    [InlineData("127.0.0.1.evil.example.com", 403)]
    [InlineData("169.254.169.254", 403)]
    public async Task On_loopback_a_foreign_name_that_leads_here_is_refused(string host, int status)
    {
        await using var server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = host } };
        if (status == 403) await EndpointTests.Require(server.Client.SendAsync(request, Ends), 403, "host_not_allowed", null);
        else Assert.Equal(HttpStatusCode.OK, (await server.Client.SendAsync(request, Ends)).StatusCode);
    }

    [Fact]
    public async Task With_a_token_any_name_will_do()
    {
        await using var server = await TestServer.StartAsync(options: new() { Token = new(Secret) });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = "models.example.com", Authorization = new("Bearer", Secret) } };
        Assert.Equal(HttpStatusCode.OK, (await server.Client.SendAsync(request, Ends)).StatusCode);
    }

    [Theory]
    [InlineData("https://app.example.com", true)]
    [InlineData("http://app.example.com", false)]
    [InlineData("https://evil.example.com", false)]
    [InlineData("null", false)]
    public async Task A_page_in_a_browser_may_ask_only_from_an_allowed_origin(string origin, bool isAllowed)
    {
        await using var server = await TestServer.StartAsync(options: new() { AllowedOrigins = ["https://app.example.com"] });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent("""{"prompt":"a"}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        request.Headers.Add("Origin", origin);
        using var beforehand = new HttpRequestMessage(HttpMethod.Options, "/v1/completions");
        beforehand.Headers.Add("Origin", origin);
        beforehand.Headers.Add("Access-Control-Request-Method", "POST");
        if (!isAllowed)
        {
            await EndpointTests.Require(server.Client.SendAsync(request, Ends), 403, "origin_not_allowed", null);
            await EndpointTests.Require(server.Client.SendAsync(beforehand, Ends), 403, "origin_not_allowed", null);
            return;
        }
        using var response = await server.Client.SendAsync(request, Ends);
        Assert.Equal((HttpStatusCode.OK, origin), (response.StatusCode, response.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        using var asked = await server.Client.SendAsync(beforehand, Ends);
        Assert.Equal((HttpStatusCode.NoContent, "Authorization, Content-Type"), (asked.StatusCode, asked.Headers.GetValues("Access-Control-Allow-Headers").Single()));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_that_a_page_could_send_without_asking_is_refused(string? type)
    {
        await using var server = await TestServer.StartAsync();
        using var content = new ByteArrayContent([.. """{"prompt":"a"}"""u8]);
        if (type is not null) content.Headers.ContentType = new(type);
        await EndpointTests.Require(server.Client.PostAsync("/v1/completions", content, Ends), 415, "unsupported_media_type", "The request must have the header Content-Type: application/json.");
    }

    [Fact]
    public async Task Beyond_loopback_there_must_be_a_token()
    {
        var everywhere = new ServingOptions { Listen = new(IPAddress.Any, 0) };
        Assert.Equal((nameof(ServingOptions.Token), "none", "a token, since 0.0.0.0:0 can be reached from other machines"), everywhere.FirstOutOfRange());
        await Assert.ThrowsAsync<ArgumentException>(() => TestServer.StartAsync(options: everywhere));
        Assert.Null((everywhere with { Token = new(Secret) }).FirstOutOfRange());
        Assert.Null(new ServingOptions { Listen = new(IPAddress.IPv6Loopback, 0) }.FirstOutOfRange());
        await using var server = await TestServer.StartAsync(options: everywhere with { Token = new(Secret) });
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(new Uri($"http://127.0.0.1:{server.Server.Address.Port}/health"), Ends)).StatusCode);
    }

    [Theory]
    [InlineData("short", "it has 5 characters")]
    [InlineData("sixteen characters", "it has a character that cannot be sent in a header")]
    [InlineData("sixteencharacter\u00e9s", "it has a character that cannot be sent in a header")]
    [InlineData("sixteen-characters", null)]
    public void A_token_is_long_enough_and_fits_a_header(string secret, string? problem)
    {
        Assert.Equal(problem, AccessToken.Problem(secret));
        if (problem is null) Assert.DoesNotContain(secret, new ServingOptions { Token = new(secret) }.ToString(), StringComparison.Ordinal);
        else Assert.Throws<ArgumentException>(() => new AccessToken(secret));
    }
}
