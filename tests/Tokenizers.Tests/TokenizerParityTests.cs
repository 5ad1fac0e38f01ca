using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>Holds our ids equal to those of Hugging Face's reference; goldens/make.mjs wrote them.</summary>
public sealed class TokenizerParityTests
{
    private static readonly JsonNode Golden = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("tokenizer-parity.json")))!;
    private static readonly string[] Texts = Golden["texts"].Deserialize<string[]>()!;

    public static TheoryData<int> Variants => [.. Enumerable.Range(0, Golden["byteLevel"]!.AsArray().Count)];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Byte_level_ids_equal_the_reference(int index)
    {
        using var folder = new TemporaryFolder();
        var variant = Golden["byteLevel"]![index]!;
        var json = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json")))!;
        json["pre_tokenizer"] = variant["pre_tokenizer"]!.DeepClone();
        json["model"]!["ignore_merges"] = variant["ignore_merges"]!.GetValue<bool>();
        AssertParity(TokenizerLoader.Load(folder.Write("tokenizer.json", json.ToJsonString())), variant["ids"].Deserialize<int[][]>()!);
    }

    [Fact]
    public void Ids_with_space_marks_and_byte_fallback_equal_the_reference()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = TokenizerLoader.Load(folder.Write("tokenizer.json", Golden["gemmaLike"]!["tokenizer"]!.ToJsonString()));
        AssertParity(tokenizer, Golden["gemmaLike"]!["ids"].Deserialize<int[][]>()!);
    }

    [Fact]
    public void Text_comes_back_from_space_marks_byte_fallback_and_added_tokens()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = TokenizerLoader.Load(folder.Write("tokenizer.json", Golden["gemmaLike"]!["tokenizer"]!.ToJsonString()));
        Assert.All(Texts.Append("a <table>\n\n\n  x"), text =>
        {
            var ids = new List<int>();
            tokenizer.Encode(text, ids);
            Assert.Equal(text, tokenizer.Decode([.. ids]));
        });
    }

    [Fact]
    public void Ids_stay_equal_where_a_merge_crosses_the_usual_cuts()
    {
        // "a▁" joins across a space mark, so cutting there would be wrong: 'a', 'a ', 'b' must come out of the whole text.
        using var folder = new TemporaryFolder();
        var json = Golden["gemmaLike"]!["tokenizer"]!.DeepClone();
        var vocab = json["model"]!["vocab"]!.AsObject();
        var joined = vocab.Count;
        vocab["a\u2581"] = joined;
        json["model"]!["merges"] = new JsonArray(new JsonArray("a", "\u2581"));
        var tokenizer = TokenizerLoader.Load(folder.Write("tokenizer.json", json.ToJsonString()));
        var ids = new List<int>();
        tokenizer.Encode("aa b", ids);
        Assert.Equal([vocab["a"]!.GetValue<int>(), joined, vocab["b"]!.GetValue<int>()], ids);
    }

    private static void AssertParity(ITokenizer tokenizer, int[][] expected)
    {
        Assert.All(Texts.Index(), text =>
        {
            var ids = new List<int>();
            tokenizer.Encode(text.Item, ids, parseSpecials: true);
            Assert.Equal(expected[text.Index], ids);
        });
    }
}
