using SparkTrain.Support;
using static SparkTrain.Data.Tests.Checking.HandMade;

namespace SparkTrain.Data.Tests.Checking;

/// <summary>What is no damage but worth a look: copies, leaks, documents without text, files of others.</summary>
public sealed class WarningTests
{
    [Fact]
    public void Copies_are_counted_in_each_split_and_the_first_is_named()
    {
        using var folder = new TemporaryFolder();
        var hashes = new DocumentHashes();
        var report = DatasetCheck.Run(Write(folder, [Document("a"), Document("b"), Document("a"), Document("a")], [Document("v"), Document("v")], shardTokens: 3), hashes);
        Assert.Equal([2L, 1L], report.Splits.Select(s => s.Copies));
        Assert.Equal([
            ($"{folder["set"]} split 'train'", "2 documents are copies of an earlier one; the first is document 2", false),
            ($"{folder["set"]} split 'validation'", "1 document is a copy of an earlier one; the first is document 1", false),
        ], report.Problems.Select(p => (p.Where, p.Found, p.IsDamage)));
        Assert.Empty(hashes.Overlaps());
    }

    [Fact]
    public void A_document_of_validation_that_is_trained_on_is_a_leak_also_between_two_sets()
    {
        using var folder = new TemporaryFolder();
        string a = Write(folder, [Document("a"), Document("b"), Document("shared")], [Document("v"), Document("b")], "a"),
            b = Write(folder, [Document("c"), Document("v"), Document("v"), Document("shared")], [Document("shared"), Document("v")], "b");
        var hashes = new DocumentHashes();
        Assert.DoesNotContain([.. new[] { a, b }.Select(set => DatasetCheck.Run(set, hashes))], report => report.IsDamaged);
        Assert.Equal([
            new SplitOverlap(a, "validation", a, "train", Documents: 1, First: 1),   // b
            new SplitOverlap(b, "train", a, "train", 1, 3),                          // shared: trained on twice
            new SplitOverlap(b, "train", a, "validation", 1, 1),                     // v, whose copy counts once
            new SplitOverlap(b, "validation", a, "train", 1, 0),                     // shared
            new SplitOverlap(b, "validation", b, "train", 2, 0),                     // both
        ], hashes.Overlaps());
        Assert.Equal([true, false, true, true, true], hashes.Overlaps().Select(o => o.IsLeak));
    }

    [Fact]
    public void Equal_documents_of_two_sets_fall_on_the_same_side_where_prepare_splits_them()
    {
        using var folder = new TemporaryFolder();
        var text = Samples.WriteDocuments(folder, 200);
        var hashes = new DocumentHashes();
        foreach (var (name, fraction) in new[] { ("a", 0.2), ("b", 0.2), ("c", 0.1) })
        {
            DatasetBuilder.Build(new PrepareOptions { Sources = [text], Output = folder[name], ValidationFraction = fraction });
            DatasetCheck.Run(folder[name], hashes);
        }
        // a and b are split alike; of c's training documents some are validated on in both.
        Assert.Equal([(folder["c"], folder["a"]), (folder["c"], folder["b"])], hashes.Overlaps().Where(o => o.IsLeak).Select(o => (o.Folder, o.OtherFolder)));
    }

    [Fact]
    public void Documents_without_text_are_told()
    {
        using var folder = new TemporaryFolder();
        var report = DatasetCheck.Run(Write(folder, [Document("a"), Document("")], [Document("v")]), null);
        Assert.Equal(1, report.Splits[0].Empty);
        Assert.Equal("1 document has no text; the first is document 1", Assert.Single(report.Problems).Found);
    }

    [Fact]
    public void What_dataset_json_does_not_name_is_told()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("a")], [Document("v")]);
        foreach (var name in new[] { "train-00001.parquet", "lengths/x.parquet", "more/a", "more/b" }) folder.Write($"set/{name}", "");
        string[] told = [.. DatasetCheck.Run(path, null).Problems.Select(p => p.Where)];
        Assert.Equal(new[] { "lengths/x.parquet", "more", "train-00001.parquet" }.Select(name => Path.Combine(path, name)), told);
        for (var i = 0; i < 10; i++) folder.Write($"set/y{i}", "");
        Assert.Equal("it holds 8 more files or folders that dataset.json does not name", DatasetCheck.Run(path, null).Problems[^1].Found);
    }
}
