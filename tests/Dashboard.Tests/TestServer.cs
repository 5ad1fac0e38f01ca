using System.Net;
using System.Text.Json.Nodes;

namespace SparkTrain.Dashboard.Tests;

/// <summary>A dashboard on a free port of loopback with a folder of its own, and a client of it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly string folder;

    private readonly List<string> lines;

    private TestServer(DashboardServer server, string folder, List<string> lines)
    {
        (Server, this.folder, this.lines) = (server, folder, lines);
        Client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server.Address };
    }

    public DashboardServer Server { get; }

    public HttpClient Client { get; }

    /// <summary>The database.</summary>
    public string Database => Path.Combine(folder, "d.db");

    /// <summary>What was logged.</summary>
    public string[] Log
    {
        get
        {
            lock (lines) return [.. lines];
        }
    }

    public static async Task<TestServer> StartAsync(DashboardOptions? options = null)
    {
        string folder = Directory.CreateTempSubdirectory("dashboard").FullName;
        var lines = new List<string>();
        return new(await DashboardServer.StartAsync((options ?? new()) with { Address = new(IPAddress.Loopback, 0), Database = Path.Combine(folder, "d.db"), Log = Add }), folder, lines);

        void Add(string line)
        {
            lock (lines) lines.Add(line);
        }
    }

    /// <summary>Posts events that must all be taken.</summary>
    public async Task PostAsync(params IEnumerable<JsonObject> events)
    {
        using var response = await SendAsync(TestStore.Batch(events));
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, body);
        Assert.Empty(JsonNode.Parse(body)!["refused"]!.AsArray());
    }

    /// <summary>Posts a body as it is.</summary>
    public Task<HttpResponseMessage> SendAsync(byte[] body, string? packing = null)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        if (packing is not null) content.Headers.ContentEncoding.Add(packing);
        return Client.PostAsync("/api/events", content, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks for something that must be there.</summary>
    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await Client.GetStringAsync(path, TestContext.Current.CancellationToken))!;

    /// <summary>Asks with headers, and returns the status.</summary>
    public async Task<HttpStatusCode> StatusAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(folder, true);
    }
}
