using SparkTrain.Generation;
using SparkTrain.Input;
using SparkTrain.Launcher.Generation;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Tests.Generation;

public sealed class PromptLinesTests
{
    private static readonly ModelConfig Model = new()
    {
        VocabSize = 258, DModel = 8, NumLayers = 1, MaxSeqLen = 8,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 8 }, Attention = new() { Kind = AttentionKind.Dense, NumHeads = 1, NumKvHeads = 1, HeadDim = 8, Window = 8 },
    };

    private static readonly GenerationSettings Defaults = new() { MaxTokens = 9, Stop = ["."], Sampling = new() { Temperature = 0.5, TopK = 4, TopP = 0.7, MinP = 0.1, RepetitionPenalty = 1.1, Seed = 40 } };

    [Fact]
    public void A_prompt_gets_the_begin_token_and_token_ids_are_taken_as_they_are()
    {
        var requests = Read("""{"prompt":"a\u00e9"}""", """{"tokens":[7,0,257]}""", """{"prompt":"","tokens":null}""");
        Assert.Equal(["256 97 195 169", "7 0 257", "256"], requests.Select(r => string.Join(' ', r.Tokens)));
    }

    [Fact]
    public void A_line_has_the_commands_settings_and_a_seed_by_its_number_where_it_names_none_of_its_own()
    {
        var requests = Read(
            """{"prompt":"a"}""",
            """{"prompt":"a","max_tokens":3,"stop":["x","yz"],"temperature":0,"top_k":0,"top_p":1,"min_p":0,"repetition_penalty":2.5,"seed":-1}""",
            """{"prompt":"a","stop":"end","temperature":null}""");
        Assert.Equal([40L, -1, 42], requests.Select(r => r.Settings.Sampling.Seed));
        Assert.Equal(Defaults, requests[0].Settings);
        Assert.Equal(new SamplingOptions { Temperature = 0, TopK = 0, TopP = 1, MinP = 0, RepetitionPenalty = 2.5, Seed = -1 }, requests[1].Settings.Sampling);
        Assert.Equal((3, "x yz"), (requests[1].Settings.MaxTokens, string.Join(' ', requests[1].Settings.Stop)));
        Assert.Equal(Defaults.Sampling with { Seed = 42 }, requests[2].Settings.Sampling);
        Assert.Equal((9, "end"), (requests[2].Settings.MaxTokens, string.Join(' ', requests[2].Settings.Stop)));
    }

    [Theory]
    [InlineData("""{"prompt":"a" """, "it is not JSON")]
    [InlineData("[1]", "a JSON Array", "one JSON object a line")]
    [InlineData("""{"seed":1}""", "neither 'prompt' nor 'tokens'")]
    [InlineData("""{"prompt":"a","tokens":[1]}""", "both 'prompt' and 'tokens'")]
    [InlineData("""{"prompt":"a","temprature":0}""", "unknown field 'temprature'", "perhaps temperature")]
    [InlineData("""{"prompt":"a","x":0}""", "unknown field 'x'", "some of prompt, tokens, max_tokens, stop")]
    [InlineData("""{"prompt":7}""", "prompt is 7", "a text")]
    [InlineData("""{"prompt":"\ud800"}""", "it is not JSON (prompt holds half a surrogate pair")]
    [InlineData("""{"tokens":["a"]}""", "tokens is [\"a\"]", "a list of token ids")]
    [InlineData("""{"tokens":[1.5]}""", "tokens is [1.5]", "a list of token ids")]
    [InlineData("""{"tokens":[]}""", "0 tokens", "1 to 7, the model's length less one")]
    [InlineData("""{"tokens":[1,258]}""", "token 258", "0 to 257, the model's vocabulary")]
    [InlineData("""{"tokens":[-1]}""", "token -1")]
    [InlineData("""{"prompt":"1234567"}""", "8 tokens", "1 to 7")]
    [InlineData("""{"prompt":"a","max_tokens":0}""", "max_tokens is 0", "1 or more")]
    [InlineData("""{"prompt":"a","max_tokens":1e3}""", "max_tokens is 1e3", "a whole number")]
    [InlineData("""{"prompt":"a","stop":""}""", "stop is empty")]
    [InlineData("""{"prompt":"a","stop":["b",null]}""", "stop is [\"b\",null]", "a text or a list of texts")]
    [InlineData("""{"prompt":"a","temperature":-1}""", "temperature is -1", "0 or more")]
    [InlineData("""{"prompt":"a","temperature":"hot"}""", "temperature is \"hot\"", "a number")]
    [InlineData("""{"prompt":"a","top_k":-1}""", "top_k is -1", "0 or more")]
    [InlineData("""{"prompt":"a","top_p":0}""", "top_p is 0", "more than 0 and at most 1")]
    [InlineData("""{"prompt":"a","min_p":2}""", "min_p is 2", "from 0 to 1")]
    [InlineData("""{"prompt":"a","repetition_penalty":0}""", "repetition_penalty is 0", "from 0.01 to 100")]
    [InlineData("""{"prompt":"a","seed":0.5}""", "seed is 0.5", "a whole number")]
    public void A_wrong_line_is_named_with_what_was_found_and_expected(string line, string found, string expected = "")
    {
        var problem = Assert.Throws<DataException>(() => Read("""{"prompt":"a"}""", line));
        Assert.Equal("in.jsonl:2", problem.Where);
        Assert.StartsWith(found, problem.Found, StringComparison.Ordinal);
        Assert.Contains($"expected: {expected}", problem.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<PromptRequest> Read(params string[] lines) => new PromptLines(new ByteTokenizer(), Model, Defaults).Read(string.Join('\n', lines) + "\n", "in.jsonl");
}
