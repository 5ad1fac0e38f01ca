using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>What goes over the wire.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task Events_are_posted_and_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(
            Event("""{"Run":"a","Sequence":0,"Kind":"RunStarted","Config":{"Lr":0.1},"Command":"train x","Step":0}"""),
            Metrics("a", 1, """{"loss":2.5,"f":[0.1,0.2],"tokens":64}""", 1),
            Event("""{"Run":"a","Sequence":2,"Kind":"Sample","Step":1,"Prompt":"p","Text":"t"}""", 2),
            Event("""{"Run":"a","Sequence":3,"Kind":"Checkpoint","Step":1,"Path":"/c","Bytes":7,"Seconds":0.5}""", 3),
            Event("""{"Run":"a","Sequence":4}""", 4, "hello"),
            Event("""{"Run":"b","Sequence":0,"Kind":"RunStarted","Config":{"Lr":0.2}}"""));
        Assert.Equal(2.5, (double)(await server.GetAsync("/api/runs")).AsArray().Single(run => (string)run!["id"]! == "a")!["lastLoss"]!);
        Assert.Equal("train x", (string)(await server.GetAsync("/api/runs/a"))["about"]!["command"]!);
        Assert.Equal("""["f[0]","f[1]","loss","tokens"]""", (await server.GetAsync("/api/keys?run=a")).ToJsonString());
        Assert.Equal("""{"runs":["a","b"],"differences":[{"key":"Lr","values":["0.1","0.2"]}]}""", (await server.GetAsync("/api/diff?runs=a,b")).ToJsonString());
        Assert.Equal("""{"series":[{"run":"a","key":"loss","width":1,"steps":[1],"x":[64],"mean":[2.5],"min":null,"max":null}]}""", (await server.GetAsync("/api/series?run=a&run=b&key=loss&x=tokens")).ToJsonString());
        Assert.Equal("""[[0.1],[0.2]]""", (await server.GetAsync("/api/layers?run=a&key=f"))["values"]!.ToJsonString());
        Assert.Equal("hello", (string)(await server.GetAsync("/api/log?run=a"))[0]!["text"]!);
        Assert.Equal("t", (string)(await server.GetAsync("/api/samples?run=a"))[0]!["data"]!["text"]!);
        Assert.Equal(7, (int)(await server.GetAsync("/api/checkpoints?run=a"))[0]!["data"]!["bytes"]!);
        Assert.StartsWith("key,step,time,value\n", await server.Client.GetStringAsync("/api/export?run=a", TestContext.Current.CancellationToken));
        Assert.Equal("PAR1"u8.ToArray(), (await server.Client.GetByteArrayAsync("/api/export?run=a&format=parquet", TestContext.Current.CancellationToken))[..4]);
        using var deleted = await server.Client.DeleteAsync("/api/runs/b", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Single((await server.GetAsync("/api/runs")).AsArray());
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    [InlineData("../x?y#z")]
    [InlineData("ü 😀")]
    public async Task A_run_may_be_called_anything(string name)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics(name, 1, """{"loss":1}"""));
        string escaped = Uri.EscapeDataString(name);
        Assert.Equal(name, (string)(await server.GetAsync("/api/runs/" + escaped))["run"]!["name"]!);
        Assert.Single((await server.GetAsync($"/api/series?run={escaped}&key=loss"))["series"]!.AsArray());
        using var deleted = await server.Client.DeleteAsync("/api/runs/" + escaped, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Theory, InlineData("."), InlineData(".."), InlineData("a/../b")]
    public async Task A_run_of_dots_is_reached_by_a_parameter(string name)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics(name, 1, """{"loss":1}"""), Metrics("other", 1, """{"loss":1}"""));
        string question = "/api/run?run=" + Uri.EscapeDataString(name);
        Assert.Equal(name, (string)(await server.GetAsync(question))["run"]!["id"]!);
        using var deleted = await server.Client.DeleteAsync(question, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var again = await server.Client.DeleteAsync(question, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        Assert.Single((await server.GetAsync("/api/runs")).AsArray());
    }

    [Fact]
    public async Task Gzip_is_unpacked_and_bombs_and_garbage_are_refused()
    {
        await using var server = await TestServer.StartAsync(new() { Limits = new() { MaxBodyBytes = 100_000, MaxUnpackedBytes = 1_000_000 } });
        using (var good = await server.SendAsync(Gzip(Batch(Metrics("a", 1, """{"loss":1}"""))), "gzip")) Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        byte[] bomb = Gzip(Encoding.UTF8.GetBytes("[" + new string(' ', 50_000_000) + "]"));
        Assert.InRange(bomb.Length, 1, 100_000);
        using (var refused = await server.SendAsync(bomb, "gzip")) Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        using (var refused = await server.SendAsync(new byte[100_001])) Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        using (var refused = await server.SendAsync("[]"u8.ToArray(), "gzip")) Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using (var refused = await server.SendAsync("[]"u8.ToArray(), "br")) Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        using (var refused = await server.SendAsync("[1"u8.ToArray()))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("not JSON", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        using var partly = await server.SendAsync(Encoding.UTF8.GetBytes($"[7,{Metrics("a", 2, """{"loss":1}""").ToJsonString()}]"));
        Assert.Equal("""{"accepted":1,"refused":[{"index":0,"reason":"an event must be an object"}]}""", await partly.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_a_token_only_loopback_names_and_the_own_page_may_ask()
    {
        await using var server = await TestServer.StartAsync();
        string host = server.Server.Address.Authority;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/api/runs"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/api/runs", ("Host", "localhost")));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/api/runs", ("Origin", "http://" + host)));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/api/runs", ("Host", "evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/", ("Host", "127.0.0.1.evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/api/runs", ("Origin", "http://evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/api/runs", ("Origin", "null")));
    }

    [Fact]
    public async Task With_a_token_data_are_for_those_who_show_it()
    {
        const string secret = "0123456789abcdef";
        await using var server = await TestServer.StartAsync(new() { Token = new(secret) });
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/api/runs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/API/runs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/api/live"));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/api/runs", ("Authorization", "Bearer 0123456789abcdeX")));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/api/runs", ("Authorization", "Bearer " + secret)));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/api/runs", ("Authorization", "Bearer " + secret), ("Host", "dashboard.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/api/runs", ("Authorization", "Bearer " + secret), ("Origin", "http://evil.example")));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/"));
        using var post = await server.SendAsync("[]"u8.ToArray());
        Assert.Equal(HttpStatusCode.Unauthorized, post.StatusCode);
    }

    [Theory]
    [InlineData("/api/series?run=a", 400)]
    [InlineData("/api/series?run=a&key=loss&max=0", 400)]
    [InlineData("/api/series?run=a&key=loss&x=moon", 400)]
    [InlineData("/api/log?run=a&before=x", 400)]
    [InlineData("/api/log?run=a&level='", 400)]
    [InlineData("/api/keys?run=none", 404)]
    [InlineData("/api/runs/none", 404)]
    [InlineData("/api/nothing", 404)]
    [InlineData("/../Program.cs", 404)]
    public async Task Wrong_questions_are_answered_with_what_is_wrong(string path, int status)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics("a", 1, """{"loss":1}"""));
        using var response = await server.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains("error", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_page_allows_no_inline_script_and_has_all_its_files()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Client.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.Contains("script-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single());
        string html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        foreach (Match link in Regex.Matches(html, "(?:src|href)=\"(/[^\"]+)\""))
            Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(link.Groups[1].Value));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/vendor/uplot/LICENSE"));
    }

    [Fact]
    public async Task News_come_while_events_do()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Client.GetAsync("/api/live", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 }) { }
        await server.PostAsync(Metrics("a", 1, """{"loss":1}"""));
        Assert.Equal("""data: {"runs":["a"]}""", await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Events_of_a_folder_are_ingested_by_a_call()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(1, server.Server.Ingest(Encoding.UTF8.GetBytes(Metrics("a", 1, """{"loss":1}""").ToJsonString())).Accepted);
        Assert.Single((await server.GetAsync("/api/runs")).AsArray());
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
