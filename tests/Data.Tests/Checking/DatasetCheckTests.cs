using SparkTrain.Support;
using static SparkTrain.Data.Tests.Checking.HandMade;

namespace SparkTrain.Data.Tests.Checking;

/// <summary>What a check counts in data sets that are as they were written.</summary>
public sealed class DatasetCheckTests
{
    [Fact]
    public void Counts_of_a_small_set_by_hand()
    {
        using var folder = new TemporaryFolder();
        var report = DatasetCheck.Run(Write(folder, [Document("a"), Document("four"), Document("sixsix"), Document("ab")], [Document("xyz")]), new DocumentHashes());
        Assert.Empty(report.Problems);
        Assert.Empty(report.NotChecked);
        Assert.False(report.IsDamaged);
        Assert.Equal(("byte", 258), (report.Tokenizer!.Name, report.Tokenizer.VocabSize));
        // Lengths with begin and end token 3, 6, 8, 4: in order 3, 4, 6, 8; of an even number the lower middle.
        Assert.Equal([
            new SplitReport("train", Shards: 1, RowGroups: 1, SmallestRowGroup: 21, LargestRowGroup: 21, Tokens: 21, Documents: 4, TextBytes: 13, Shortest: 3, Median: 4, Longest: 8, Empty: 0, Copies: 0),
            new SplitReport("validation", 1, 1, 5, 5, Tokens: 5, Documents: 1, TextBytes: 3, 5, 5, 5, 0, 0),
        ], report.Splits);
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(140_000)]
    public void Documents_that_go_on_over_row_groups_are_counted_once_and_compared_whole(long shardTokens)
    {
        using var folder = new TemporaryFolder();
        // The third one begins where a row group does, and covers the next one whole.
        int[][] documents = [Document(Noise(100_000, 1)), Document(Noise(131_072 - 100_002 - 2, 2)), Document(Noise(300_000, 3)), Document("short"), Document(Noise(300_000, 3)), Document(Noise(300_000, 4)), Document("short")];
        var report = DatasetCheck.Run(Write(folder, documents, [Document(Noise(200_000, 3))], shardTokens: shardTokens), new DocumentHashes());
        var train = report.Splits[0];
        Assert.Equal((documents.Length, documents.Sum(d => d.Length), 2L), (train.Documents, train.Tokens, train.Copies));
        Assert.Equal((7, 300_002, 131_072), (train.Shortest, train.Longest, train.LargestRowGroup));
        Assert.Equal($"2 documents are copies of an earlier one; the first is document 4", Assert.Single(report.Problems).Found);
        Assert.Equal((2, 200_002), (report.Splits[1].RowGroups, report.Splits[1].Longest));
        // The same without hashes, but for the copies.
        var quick = DatasetCheck.Run(folder["set"], hashes: null);
        Assert.Equal(train with { Copies = null }, quick.Splits[0]);
        Assert.Empty(quick.Problems);
    }

    [Fact]
    public void It_agrees_with_what_prepare_has_counted()
    {
        using var folder = new TemporaryFolder();
        DatasetBuilder.Build(new PrepareOptions { Sources = [Samples.WriteDocuments(folder, 300)], Output = folder["set"], Tokenizer = GoldenFiles.At("bpe-1024"), ShardTokens = 4096, ValidationFraction = 0.2 });
        using var set = TokenDataset.Open(folder["set"]);
        var report = DatasetCheck.Run(set.Folder, new DocumentHashes());
        Assert.Empty(report.Problems);
        Assert.All(new[] { set.Manifest.Train, set.Manifest.Validation }.Zip(report.Splits), pair =>
            Assert.Equal((pair.First.Tokens, pair.First.Documents, pair.First.Bytes, pair.First.Shards.Count, pair.First.Shards.Count),
                (pair.Second.Tokens, pair.Second.Documents, pair.Second.TextBytes, pair.Second.Shards, pair.Second.RowGroups)));
        Assert.InRange(report.Splits[0].Shards, 2, 100);
    }

    [Fact]
    public void Progress_adds_up_to_the_bytes_of_all_files_and_cancellation_ends_it()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document(Noise(300_000, 1)), Document("b")], [Document("c")], shardTokens: 100_000);
        var counted = new Counter();
        DatasetCheck.Run(path, null, counted);
        Assert.Equal(Directory.GetFiles(path, "*.parquet", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), counted.Total);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => DatasetCheck.Run(path, null, null, stop.Token));
    }

    private sealed class Counter : IProgress<long>
    {
        public long Total { get; private set; }

        public void Report(long value) => Total += value;
    }
}
