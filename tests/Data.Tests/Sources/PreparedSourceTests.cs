using System.Text.Json;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

/// <summary>Prepared data sets as sources: what is tokenized need not be tokenized again.</summary>
public sealed class PreparedSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public PreparedSourceTests()
    {
        Samples.WriteDocuments(folder, 300);
        Build("data/a", "bpe:280", folder["documents.jsonl"]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Prepared_again_it_has_the_same_documents_on_the_same_sides()
    {
        var again = Build("again", null, folder["data/a"]);
        Assert.Equal("bpe-280", again.Tokenizer.Name);
        Assert.Equal(["a"], again.Sources.Select(s => Path.GetFileName(s.Split(' ')[0])));
        RequireSameTokens("again", "data/a");
        // Where a set has several shards, those of validation end elsewhere: all its documents come first.
        var one = Build("one shard", null, Whole, folder["data/a"]);
        Assert.Equal(one.Fingerprint, Build("one shard again", null, Whole, folder["one shard"]).Fingerprint);
    }

    [Fact]
    public void It_can_be_cut_into_other_shards_and_split_anew()
    {
        Build("whole", null, options => Whole(options) with { ValidationFraction = 0 }, folder["data/a"]);
        using var set = TokenDataset.Open(folder["data/a"]);
        using var whole = TokenDataset.Open(folder["whole"]);
        Assert.InRange(set.Manifest.Train.Shards.Count, 3, 100);
        Assert.Single(whole.Manifest.Train.Shards);
        Assert.Equal([.. set.Validation.ReadAll(), .. set.Train.ReadAll()], whole.Train.ReadAll());
        Assert.Equal(set.Train.TextBytes + set.Validation.TextBytes, whole.Train.TextBytes);
    }

    [Fact]
    public void Its_documents_and_those_of_a_text_are_told_apart_by_their_tokens()
    {
        var both = Build("both", null, options => options with { Deduplicate = true }, folder["data/a"], folder["documents.jsonl"]);
        RequireSameTokens("both", "data/a");
        Assert.Equal(300, both.DuplicateDocuments);
    }

    [Fact]
    public void Single_shards_patterns_and_folders_of_data_sets_are_read_too()
    {
        folder.Write("b.jsonl", JsonSerializer.Serialize(new { text = "another" }));
        Build("data/b", folder["data/a/tokenizer"], folder["b.jsonl"]);
        folder.Write("data/.c.sparktrain-preparing/train-00000.parquet", "unfinished");
        var (a, b) = (DatasetManifest.Read(folder["data/a"]), DatasetManifest.Read(folder["data/b"]));
        Assert.Equal(a.Train.Shards[0].Documents, Total(Build("one", null, folder["data/a/train-00000.parquet"])));
        Assert.Equal(Total(a) + Total(b), Total(Build("all", null, folder["data"])));
        Assert.Equal(Total(a) + Total(b), Total(Build("matched", null, folder["data/**/*.parquet"])));
        Assert.Equal(a.Validation.Documents, Total(Build("part", null, folder["data/a/validation-*"])));
    }

    [Theory]
    [InlineData("byte", "bpe-280")]
    [InlineData("bpe:300", "bpe-280")]
    [InlineData(null, "byte")]
    public void Another_tokenizer_is_refused(string? tokenizer, string found)
    {
        Build("bytes", "byte", folder["documents.jsonl"]);
        var error = Assert.Throws<DataException>(() => Build("set", tokenizer, folder["data/a"], folder["bytes"]));
        Assert.Contains($"by the tokenizer {found}", error.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_shard_is_refused_by_its_name()
    {
        var shard = folder["data/a/train-00001.parquet"];
        var bytes = File.ReadAllBytes(shard);
        bytes[50] ^= 2;
        File.WriteAllBytes(shard, bytes);
        Assert.Contains("train-00001.parquet", Assert.Throws<DataException>(() => Build("set", null, folder["data/a"])).Where, StringComparison.Ordinal);
        File.Delete(shard);
        Assert.Contains("train-00001.parquet", Assert.Throws<DataException>(() => Build("set", null, folder["data/a"])).Where, StringComparison.Ordinal);
    }

    private static PrepareOptions Whole(PrepareOptions options) => options with { ShardTokens = 1 << 20 };

    private static long Total(DatasetManifest manifest) => manifest.Train.Documents + manifest.Validation.Documents;

    private void RequireSameTokens(string output, string expected)
    {
        using var set = TokenDataset.Open(folder[output]);
        using var other = TokenDataset.Open(folder[expected]);
        Assert.Equal(other.Train.ReadAll(), set.Train.ReadAll());
        Assert.Equal(other.Validation.ReadAll(), set.Validation.ReadAll());
    }

    private DatasetManifest Build(string output, string? tokenizer, params string[] sources) => Build(output, tokenizer, options => options, sources);

    private DatasetManifest Build(string output, string? tokenizer, Func<PrepareOptions, PrepareOptions> change, params string[] sources) =>
        DatasetBuilder.Build(change(new PrepareOptions { Sources = sources, Output = folder[output], Tokenizer = tokenizer, ValidationFraction = 0.1, ShardTokens = 4096 })).Manifest;
}
