using System.Text.Json.Nodes;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

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
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")))!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject())
        {
            if (key != "model") json[key] = value!.DeepClone();
            else foreach (var (modelKey, modelValue) in value!.AsObject()) json["model"]![modelKey] = modelValue!.DeepClone();
        }
        var error = Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Write("tokenizer.json", json.ToJsonString())));
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
        Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Write("tokenizer.json", content)));
    }

    [Fact]
    public void A_missing_byte_is_named()
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")))!;
        json["model"]!["merges"] = new JsonArray();
        json["model"]!["vocab"]!.AsObject().Remove("A");
        var error = Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Write("tokenizer.json", json.ToJsonString())));
        Assert.Contains("byte 65", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":{"vocab":{"new piece":5}}}""", "'new piece'")]
    [InlineData("""{"added_tokens":[{"id":1022,"content":"<bos>","special":true},{"id":1023,"content":"<bos>","special":true}]}""", "added_tokens[1]")]
    [InlineData("""{"added_tokens":[{"id":1022,"content":"<bos>","special":true},{"id":1022,"content":"<eos>","special":true}]}""", "'<eos>'")]
    [InlineData("""{"added_tokens":[{"id":65,"content":"<bos>","special":true}]}""", "'<bos>'")]
    [InlineData("""{"added_tokens":[{"id":1022,"content":"A","special":true}]}""", "'A'")]
    public void A_token_or_an_id_that_is_there_twice_is_refused(string change, string expected)
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")))!;
        var changes = JsonNode.Parse(change)!;
        if (changes["added_tokens"] is { } added) json["added_tokens"] = added.DeepClone();
        foreach (var (piece, id) in changes["model"]?["vocab"]?.AsObject() ?? []) json["model"]!["vocab"]![piece] = id!.DeepClone();
        Assert.Contains(expected, Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Write("tokenizer.json", json.ToJsonString()))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"eos_token":5}""", "eos_token")]
    [InlineData("""{"eos_token":{"text":"<eos>"}}""", "eos_token")]
    [InlineData("""{"eos_token":"<end>"}""", "'<end>'")]
    [InlineData("""{"eos_token":""", "line 1")]
    [InlineData("[]", "another type")]
    public void A_config_that_names_no_token_is_refused(string config, string expected)
    {
        using var folder = new TemporaryFolder();
        File.Copy(GoldenFiles.At("bpe-1024/tokenizer.json"), folder["tokenizer.json"]);
        folder.Write("tokenizer_config.json", config);
        var error = Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Path));
        Assert.Contains("tokenizer_config.json", error.Where, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merges_that_spell_a_special_token_do_not_make_it()
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("tokenizer-parity.json")))!["gemmaLike"]!["tokenizer"]!;
        var (vocab, merges) = (json["model"]!["vocab"]!.AsObject(), json["model"]!["merges"]!.AsArray());
        merges.Clear();
        foreach (var (left, right) in new[] { ("<", "e"), ("o", "s"), ("os", ">"), ("<e", "os>") })
        {
            vocab.TryAdd(left + right, vocab.Count);
            merges.Add(new JsonArray(left, right));
        }
        var tokenizer = TokenizerLoader.Load(folder.Write("tokenizer.json", json.ToJsonString()));
        var ids = new List<int>();
        tokenizer.Encode("a<eos>", ids);
        Assert.Equal([.. new[] { "a", "<e", "os>" }.Select(piece => vocab[piece]!.GetValue<int>())], ids);
    }

    [Fact]
    public void Special_tokens_may_be_named_by_objects_and_one_token_may_serve_as_both_ends()
    {
        using var folder = new TemporaryFolder();
        File.Copy(GoldenFiles.At("bpe-1024/tokenizer.json"), folder["tokenizer.json"]);
        folder.Write("tokenizer_config.json", """{"eos_token":{"content":"<eos>"},"bos_token":"<eos>"}""");
        var tokenizer = TokenizerLoader.Load(folder.Path);
        Assert.Equal((null, 1023), (tokenizer.BosToken, tokenizer.EosToken));
    }

    [Theory]
    [InlineData("nowhere/tokenizer.json", "no such file")]
    [InlineData("bpe:4096", "prepare")]
    public void A_spec_without_a_tokenizer_says_what_to_do(string spec, string expected) =>
        Assert.Contains(expected, Assert.Throws<DataException>(() => TokenizerLoader.Load(spec)).Message, StringComparison.Ordinal);
}
