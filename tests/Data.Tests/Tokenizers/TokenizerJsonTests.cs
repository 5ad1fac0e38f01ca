using System.Text.Json.Nodes;

namespace SparkTrain.Data.Tests;

public sealed class TokenizerJsonTests
{
    [Theory]
    [InlineData("model.type", """{"model":{"type":"WordPiece"}}""")]
    [InlineData("model.dropout", """{"model":{"dropout":0.1}}""")]
    [InlineData("model.continuing_subword_prefix", """{"model":{"continuing_subword_prefix":"##"}}""")]
    [InlineData("model.merges[0]", """{"model":{"merges":["q \u0000"]}}""")]
    [InlineData("normalizer", """{"normalizer":{"type":"NFC"}}""")]
    [InlineData("pre_tokenizer", """{"pre_tokenizer":{"type":"Metaspace"}}""")]
    [InlineData("pre_tokenizer.add_prefix_space", """{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true}}""")]
    [InlineData("decoder.type", """{"decoder":{"type":"WordPiece"}}""")]
    [InlineData("added_tokens[0].lstrip", """{"added_tokens":[{"id":1022,"content":"<bos>","lstrip":true}]}""")]
    public void What_would_encode_differently_is_refused_by_the_name_of_its_field(string field, string change)
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(Samples.Golden("bpe-1024/tokenizer.json")))!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject())
        {
            if (key != "model") json[key] = value!.DeepClone();
            else foreach (var (modelKey, modelValue) in value!.AsObject()) json["model"]![modelKey] = modelValue!.DeepClone();
        }
        var error = Assert.Throws<DataException>(() => Tokenizers.Load(folder.Write("tokenizer.json", json.ToJsonString())));
        Assert.EndsWith(field, error.Where, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"model\":")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":\"x\"}}}")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":2000000000}}}")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":5}}")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{}},\"added_tokens\":[{\"id\":2147483647,\"content\":\"x\"}]}")]
    [InlineData("version https://git-lfs.github.com/spec/v1")]
    [InlineData("")]
    public void A_file_that_is_no_tokenizer_is_refused(string content)
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<DataException>(() => Tokenizers.Load(folder.Write("tokenizer.json", content)));
    }

    [Fact]
    public void A_missing_byte_is_named()
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(Samples.Golden("bpe-1024/tokenizer.json")))!;
        json["model"]!["merges"] = new JsonArray();
        json["model"]!["vocab"]!.AsObject().Remove("A");
        var error = Assert.Throws<DataException>(() => Tokenizers.Load(folder.Write("tokenizer.json", json.ToJsonString())));
        Assert.Contains("byte 65", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_may_be_named_by_objects_and_one_token_may_serve_as_both_ends()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Samples.Golden("bpe-1024/tokenizer.json"), folder["tokenizer.json"]);
        folder.Write("tokenizer_config.json", """{"eos_token":{"content":"<eos>"},"bos_token":"<eos>"}""");
        var tokenizer = Tokenizers.Load(folder.Path);
        Assert.Equal((null, 1023), (tokenizer.BosToken, tokenizer.EosToken));
    }

    [Theory]
    [InlineData("nowhere/tokenizer.json", "no such file")]
    [InlineData("bpe:4096", "prepare")]
    public void A_spec_without_a_tokenizer_says_what_to_do(string spec, string expected) =>
        Assert.Contains(expected, Assert.Throws<DataException>(() => Tokenizers.Load(spec)).Message, StringComparison.Ordinal);
}
