using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.Launcher.Watching;
using SparkTrain.Telemetry;
using SparkTrain.Tests;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests.Watching;

/// <summary>The trainer's page for Prometheus.</summary>
public sealed class MetricsPageTests
{
    private static readonly JsonSerializerOptions Snake = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "localhost", null, 200)]
    [InlineData("127.0.0.1", "LOCALHOST:9464", null, 200)]
    [InlineData("127.0.0.1", "127.0.0.1", null, 200)]
    [InlineData("127.0.0.1", "[::1]:9464", null, 200)]
    [InlineData("127.0.0.1", "evil.example", null, 403)]
    [InlineData("127.0.0.1", "localhost.evil.example", null, 403)]
    [InlineData("127.0.0.1", "169.254.169.254", null, 403)]
    [InlineData("127.0.0.1", "evil.example", "http://evil.example", 403)]
    [InlineData("127.0.0.1", "localhost", "http://evil.example", 403)]
    [InlineData("127.0.0.1", "localhost", "http://localhost", 403)]
    [InlineData("127.0.0.1", "localhost", "null", 403)]
    [InlineData("0.0.0.0", "node7.example", null, 200)]
    [InlineData("0.0.0.0", "node7.example", "http://evil.example", 403)]
    public async Task No_page_in_a_browser_reads_it_not_even_by_a_name_that_leads_here(string listen, string host, string? origin, int status)
    {
        using var page = Start(listen);
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var answer = await AskAsync(page, method, "/metrics", host, origin);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal(status == 200 ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }

    [Fact]
    public async Task There_is_one_path_for_GET_and_HEAD()
    {
        using var page = Start("127.0.0.1");
        foreach (var (method, path, status) in ((HttpMethod, string, HttpStatusCode)[])
            [(HttpMethod.Get, "/", HttpStatusCode.NotFound), (HttpMethod.Head, "/", HttpStatusCode.NotFound), (HttpMethod.Post, "/metrics", HttpStatusCode.MethodNotAllowed), (HttpMethod.Head, "/metrics", HttpStatusCode.OK)])
        {
            using var answer = await AskAsync(page, method, path, "localhost", null);
            Assert.Equal(status, answer.StatusCode);
        }
    }

    [Fact]
    public async Task All_numbers_of_a_step_are_metrics_with_help_and_a_unit_of_their_own()
    {
        var step = Filled();
        var numbers = step.ToJson();
        numbers.Remove("step");
        new SystemUsage().AddTo(numbers);
        using var page = Start("127.0.0.1");
        using (var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(page).CreateLogger())
        {
            log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), Telemetry.JsonProperty.Of(RunEvent.Metrics, numbers))).Debug("metrics of step {Step}", step.Step);
            using var answer = await AskAsync(page, HttpMethod.Get, "/metrics", "localhost", null);
            string text = await answer.Content.ReadAsStringAsync(Ends);
            var samples = PrometheusText.Read(text);
            Assert.Equal(2, samples["sparktrain_loss{run=\"tiny\"}"]);
            Assert.Equal(2, samples["sparktrain_loss_bpb{run=\"tiny\"}"]);
            Assert.Equal(2, samples["sparktrain_val_loss_by_source{run=\"tiny\",source=\"books\"}"]);
            Assert.Equal(2, samples["sparktrain_sparsity_audit_ffn_topk_recall{run=\"tiny\",layer=\"1\"}"]);
            Assert.True(samples["sparktrain_system_memory_bytes{run=\"tiny\"}"] > 1e6);
            Assert.True(samples.ContainsKey("sparktrain_system_cores_busy{run=\"tiny\"}"));
            Assert.DoesNotMatch("The number .* of a step", text);
        }
    }

    // A step in which each number is there, by the names of its members.
    private static StepMetrics Filled()
    {
        var names = new StepMetrics { Step = 2, Tokens = 2 }.ToJson();
        foreach (var property in typeof(StepMetrics).GetProperties().Where(property => property.CanWrite))
            names[JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)] = Value(property.PropertyType);
        return names.Deserialize<StepMetrics>(Snake)!;
    }

    private static JsonNode Value(Type type) =>
        type == typeof(SparsityMetrics) || type == typeof(ScoreMetrics) ? new JsonObject(type.GetProperties().Where(property => property.CanWrite).Select(property => KeyValuePair.Create(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name), (JsonNode?)Value(property.PropertyType))))
        : !type.IsGenericType || Nullable.GetUnderlyingType(type) is not null ? 2
        : type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? new JsonArray(2, 2)
        : new JsonObject { ["books"] = 2, ["web"] = 2 };

    private static MetricsPageSink Start(string listen) => MetricsPageSink.Start(new IPEndPoint(IPAddress.Parse(listen), 0), listen, "tiny", new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, TextWriter.Null));

    private static async Task<HttpResponseMessage> AskAsync(MetricsPageSink page, HttpMethod method, string path, string host, string? origin)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(method, new Uri(new Uri($"http://127.0.0.1:{page.Address.Port}"), path));
        request.Headers.Host = host;
        if (origin is not null) request.Headers.Add("Origin", origin);
        return await client.SendAsync(request, Ends);
    }
}
