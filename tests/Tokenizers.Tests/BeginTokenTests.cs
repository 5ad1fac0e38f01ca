using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>A begin token is added where transformers adds one; layouts of older tokenizer.json files are read.</summary>
public sealed class BeginTokenTests
{
    private const string Template = """{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]}]}""";
    private const string Empty = """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}]}""";

    [Theory]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>","add_bos_token":false}""", Template, false)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>","add_bos_token":true}""", Empty, true)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>"}""", Template, true)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>"}""", Empty, false)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>","tokenizer_class":"PreTrainedTokenizerFast"}""", null, false)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>","tokenizer_class":"LlamaTokenizerFast"}""", null, true)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>","tokenizer_class":"GemmaTokenizer"}""", null, true)]
    [InlineData("""{"bos_token":"<bos>","eos_token":"<eos>"}""", null, true)]
    public void Is_added_as_the_files_say(string config, string? processor, bool added)
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")))!.AsObject();
        json["post_processor"] = processor is null ? null : JsonNode.Parse(processor);
        folder.Write("tokenizer.json", json.ToJsonString());
        folder.Write("tokenizer_config.json", config);
        var tokenizer = TokenizerLoader.Load(folder.Path);
        Assert.Equal(added, tokenizer.BosToken is not null);

        // What is written says the same, and still names the token.
        tokenizer.Save(folder["saved"]);
        var saved = JsonNode.Parse(File.ReadAllBytes(folder["saved/tokenizer_config.json"]))!;
        Assert.Equal(("<bos>", added), (saved["bos_token"]!.GetValue<string>(), saved["add_bos_token"]!.GetValue<bool>()));
        Assert.Equal(["input_ids", "attention_mask"], saved["model_input_names"]!.AsArray().Select(n => n!.GetValue<string>()));
        var again = TokenizerLoader.Load(folder["saved"]);
        Assert.Equal((tokenizer.BosToken, tokenizer.Hash), (again.BosToken, again.Hash));
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("one-step")]
    public void Layouts_of_older_files_give_the_ids_of_the_new_ones(string layout)
    {
        using var expected = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.At("legacy-tokenizer/expected.json")));
        var tokenizer = TokenizerLoader.Load(GoldenFiles.At("legacy-tokenizer/" + layout));
        foreach (var (text, ids) in expected.RootElement.GetProperty("texts").EnumerateArray().Zip(expected.RootElement.GetProperty("ids").EnumerateArray()))
        {
            // The name of a special token inside a text is text here.
            if (text.GetString()!.Contains("<|endoftext|>", StringComparison.Ordinal)) continue;
            List<int> tokens = [];
            tokenizer.Encode(text.GetString(), tokens);
            Assert.Equal(ids.EnumerateArray().Select(id => id.GetInt32()), tokens);
        }
    }

    [Fact]
    public void An_expression_on_which_the_compiler_fails_is_refused()
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")))!.AsObject();
        string expression = "[" + string.Concat(Enumerable.Repeat("\\p{L}&&", 10_000)) + "]";
        json["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = expression }, ["behavior"] = "Isolated", ["invert"] = false },
                new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }),
        };
        folder.Write("tokenizer.json", json.ToJsonString());
        Assert.Contains("cannot be used", Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"eos_token_id":[1023,79]}""", null, 79)]
    [InlineData("""{"eos_token_id":79}""", """{"eos_token_id":80}""", 79)]
    [InlineData("""{"do_sample":true}""", """{"eos_token_id":[1023,80]}""", 80)]
    public void A_models_further_end_tokens_end_texts_and_have_no_text(string generation, string? config, int end)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")));
        folder.Write("generation_config.json", generation);
        if (config is not null) folder.Write("config.json", config);
        var tokenizer = TokenizerLoader.LoadFor(folder.Path, 1024);
        Assert.True(tokenizer.EndsText(end));
        Assert.True(tokenizer.EndsText(tokenizer.EosToken));
        Assert.False(tokenizer.EndsText(81));
        Assert.Equal(tokenizer.Decode([65, 66]), ContinuedText.Of(tokenizer, [65, 66, end]));
        folder.Write("generation_config.json", """{"eos_token_id":["x"]}""");
        Assert.Contains("eos_token_id", Assert.Throws<DataException>(() => TokenizerLoader.LoadFor(folder.Path, 1024)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blank_lines_are_skipped_and_counted() =>
        Assert.Equal([("a", 1), ("b", 4)], TextLines.NotBlank(["a", "", " \t", "b", ""]));
}
