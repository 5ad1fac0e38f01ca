using System.Text.Json.Nodes;
using SparkTrain.Support;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving.Tests;

/// <summary>A foreign tokenizer may need longer for a prompt than any client waits.</summary>
public sealed class SlowTokenizerTests : IDisposable
{
    // At each place of "aaaa…" every way to cut what follows into a and aa is tried: a tenth of a second and less, thousands of times.
    private const string SlowExpression = "(?:a|aa)+c|[^c]", Slow = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_client_that_leaves_ends_the_encoding_of_its_prompt()
    {
        var tokenizer = new ToldTokenizer(Load());
        await using var server = await TestServer.StartAsync(tokenizer: tokenizer);
        using var leaves = new CancellationTokenSource();
        string prompt = string.Concat(Enumerable.Repeat(Slow, 10_000));
        var asked = server.Client.PostAsync("/v1/completions", new StringContent($$"""{"prompt":"{{prompt}}"}""", System.Text.Encoding.UTF8, "application/json"), leaves.Token);
        await tokenizer.Begun.WaitAsync(Limit, TestContext.Current.CancellationToken);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tokenizer.Ended.WaitAsync(Limit, TestContext.Current.CancellationToken));
        server.RequireFree();
        await server.CompleteAsync("""{"prompt":"xyz","max_tokens":1}""");
        Assert.Contains("the client left after 0 tokens", server.Log, StringComparison.Ordinal);
    }

    private ITokenizer Load()
    {
        new ByteTokenizer().Save(folder);
        string path = folder["tokenizer.json"];
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json["pre_tokenizer"] = JsonNode.Parse($$"""
            {"type":"Sequence","pretokenizers":[
              {"type":"Split","pattern":{"Regex":"{{SlowExpression}}"},"behavior":"Isolated","invert":false},
              {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
            """);
        File.WriteAllText(path, json.ToJsonString());
        return TokenizerLoader.Load(folder);
    }

    /// <summary>Tells when its first encoding begins and how it ends.</summary>
    private sealed class ToldTokenizer(ITokenizer tokenizer) : ITokenizer
    {
        private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously), ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => begun.Task;

        public Task Ended => ended.Task;

        public string Name => tokenizer.Name;

        public string Hash => tokenizer.Hash;

        public int VocabSize => tokenizer.VocabSize;

        public int? BosToken => tokenizer.BosToken;

        public int EosToken => tokenizer.EosToken;

        public void Encode(ReadOnlySpan<char> text, List<int> tokens, bool parseSpecials = false, CancellationToken cancellation = default)
        {
            begun.TrySetResult();
            try
            {
                tokenizer.Encode(text, tokens, parseSpecials, cancellation);
                ended.TrySetResult();
            }
            catch (Exception e)
            {
                ended.TrySetException(e);
                throw;
            }
        }

        public string Decode(ReadOnlySpan<int> tokens) => tokenizer.Decode(tokens);

        public ReadOnlySpan<byte> Bytes(int token) => tokenizer.Bytes(token);

        public int ByteLength(int token) => tokenizer.ByteLength(token);

        public void Save(string folder) => tokenizer.Save(folder);
    }
}
