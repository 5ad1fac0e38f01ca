using System.Text.Json.Nodes;
using CsCheck;
using SparkTrain.Input;
using SparkTrain.Support;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data.Tests;

public sealed class TokenDatasetTests
{
    [Fact]
    public void Reads_anywhere_across_row_groups_and_shards()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(1);
        var expected = Enumerable.Range(0, 400_000).Select(_ => random.Next(258)).ToArray();
        using var writer = new ShardWriter(Directory.CreateDirectory(folder["set"]).FullName, "train", shardTokens: 200_000);
        // A shard ends with the document that fills it.
        foreach (var document in expected.Chunk(250_000)) writer.Append(document, 0);
        var manifest = writer.Finish();
        Assert.Equal([250_000L, 150_000L], manifest.Shards.Select(s => s.Tokens));
        // Room for two row groups only, so that most reads have to decode again.
        using var cache = new ShardCache(folder["set"], 258, cacheBytes: 2 * 131_072 * sizeof(int));
        var split = new TokenSplit("train", folder["set"], manifest, null!, cache);
        Gen.Select(Gen.Int[0, 399_999], Gen.Int[1, 150_000]).Sample((offset, length) =>
        {
            var tokens = new int[Math.Min(length, 400_000 - offset)];
            split.Read(offset, tokens);
            Assert.Equal(expected.AsSpan(offset, tokens.Length), tokens.AsSpan());
        }, iter: 40, threads: 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => split.Read(399_999, new int[2]));
    }

    [Fact]
    public void The_manifest_tells_what_is_there()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 200, shardTokens: 4096);
        var text = File.ReadLines(folder["documents.jsonl"]).Select(l => JsonNode.Parse(l)!["text"]!.GetValue<string>()).ToArray();
        foreach (var split in new[] { set.Train, set.Validation })
        {
            var tokens = split.ReadAll();
            Assert.Equal(split.Documents, tokens.Count(t => t == 257));
            Assert.Equal(split.Documents, tokens.Count(t => t == 256));
            Assert.Equal(split.TextBytes, tokens.Count(t => t < 256));
        }
        Assert.Equal(200, set.Train.Documents + set.Validation.Documents);
        Assert.Equal(text.Sum(t => t.Length), set.Train.TextBytes + set.Validation.TextBytes);
        Assert.True(set.Manifest.Train.Shards.Count > 1);
        Assert.Equal(["documents.jsonl"], set.Manifest.Sources.Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("formatVersion", "99", "version is 99")]
    [InlineData("formatVersion", "\"x\"", "cannot be read")]
    [InlineData("fingerprint", "\"00\"", "fingerprint")]
    [InlineData("train", "null", "cannot be read")]
    [InlineData("tokenizer", null, "cannot be read")]
    public void A_manifest_that_was_edited_is_refused(string key, string? value, string expected)
    {
        using var folder = new TemporaryFolder();
        Samples.Build(folder, 20).Dispose();
        Change(folder, json =>
        {
            if (value is null) json.Remove(key);
            else json[key] = JsonNode.Parse(value);
        });
        Assert.Contains(expected, Assert.Throws<DataException>(() => TokenDataset.Open(folder["set"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_outside_the_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        Samples.Build(folder, 20).Dispose();
        Change(folder, json => json["train"]!["shards"]![0]!["file"] = "../secret.parquet");
        Assert.Contains("plain file name", Assert.Throws<DataException>(() => TokenDataset.Open(folder["set"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Another_tokenizer_in_the_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        Samples.Build(folder, 20).Dispose();
        TokenizerLoader.Load(GoldenFiles.At("bpe-1024")).Save(Path.Combine(folder["set"], "tokenizer"));
        Assert.Contains("hash", Assert.Throws<DataException>(() => TokenDataset.Open(folder["set"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_and_one_without_a_data_set_say_how_to_make_one()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { folder["nowhere"], folder.Path })
            Assert.Contains("make one with `prepare TEXT… ", Assert.Throws<DataException>(() => TokenDataset.Open(path)).Message,
                StringComparison.Ordinal);
    }

    private static void Change(TemporaryFolder folder, Action<JsonObject> change)
    {
        var path = Path.Combine(folder["set"], DatasetManifest.FileName);
        var json = JsonNode.Parse(File.ReadAllBytes(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
