using SparkTrain.Input;
using SparkTrain.Support;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data.Tests;

public sealed class DatasetBuilderTests
{
    [Fact]
    public void Documents_keep_their_order_and_their_ends()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "Hi");
        folder.Write("texts/b.txt", "x<eos>y");
        DatasetBuilder.Build(Options(folder) with { ValidationFraction = 0 });
        using var set = TokenDataset.Open(folder["set"]);
        Assert.Equal([256, 72, 105, 257, 256, 120, 60, 101, 111, 115, 62, 121, 257], set.Train.ReadAll());
        Assert.Equal(0, set.Validation.Tokens);
    }

    [Fact]
    public void Two_documents_are_enough_for_both_splits()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "one");
        folder.Write("texts/b.txt", "two!");
        var manifest = DatasetBuilder.Build(Options(folder) with { ValidationFraction = 0.0001 }).Manifest;
        Assert.Equal((1, 1), (manifest.Train.Documents, manifest.Validation.Documents));
    }

    [Fact]
    public void The_split_goes_by_content_so_repeated_documents_stay_together()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.jsonl", string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"text\":\"number {i % 1000}\"}}\n")));
        var manifest = DatasetBuilder.Build(Options(folder) with { ValidationFraction = 0.2 }).Manifest;
        // 1000 contents at 20 %: 200 ± 4·12.6, and each occurs twice.
        Assert.InRange(manifest.Validation.Documents / 2, 150, 250);
        using var set = TokenDataset.Open(folder["set"]);
        var (train, validation) = (Texts(set, set.Train), Texts(set, set.Validation));
        Assert.Empty(train.Intersect(validation));
        Assert.Equal(2000, train.Count + validation.Count);
    }

    [Fact]
    public void The_same_inputs_give_the_same_bytes_and_a_second_run_does_nothing()
    {
        using var folder = new TemporaryFolder();
        Samples.WriteDocuments(folder, 300);
        var options = Options(folder) with { Sources = [folder["documents.jsonl"]], Tokenizer = "bpe:280", ShardTokens = 2048 };
        var first = DatasetBuilder.Build(options);
        var second = DatasetBuilder.Build(options);
        var elsewhere = DatasetBuilder.Build(options with { Output = folder["other"] });
        Assert.Equal((false, true, false), (first.WasUpToDate, second.WasUpToDate, elsewhere.WasUpToDate));
        Assert.Equal(first.Manifest.Fingerprint, elsewhere.Manifest.Fingerprint);
        Assert.Equal(first.Manifest.Fingerprint, second.Manifest.Fingerprint);
        Assert.Equal(first.Manifest.Train.Shards.Select(s => s.Sha256), elsewhere.Manifest.Train.Shards.Select(s => s.Sha256));
        Assert.Equal("bpe-280", first.Manifest.Tokenizer.Name);
    }

    [Fact]
    public void Changed_inputs_replace_an_older_data_set_whole()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "first");
        var first = DatasetBuilder.Build(Options(folder)).Manifest;
        folder.Write("texts/b.txt", "second");
        var second = DatasetBuilder.Build(Options(folder));
        Assert.False(second.WasUpToDate);
        Assert.NotEqual(first.Fingerprint, second.Manifest.Fingerprint);
        Assert.Equal(["set", "texts"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_data_set_that_lost_a_shard_is_made_again()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "first");
        var shard = DatasetBuilder.Build(Options(folder)).Manifest.Train.Shards[0].File;
        File.Delete(Path.Combine(folder["set"], shard));
        Assert.False(DatasetBuilder.Build(Options(folder)).WasUpToDate);
        Assert.True(File.Exists(Path.Combine(folder["set"], shard)));
    }

    [Fact]
    public void A_data_set_with_a_damaged_manifest_is_made_again()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "first");
        DatasetBuilder.Build(Options(folder));
        File.WriteAllText(Path.Combine(folder["set"], DatasetManifest.FileName), "{");
        Assert.False(DatasetBuilder.Build(Options(folder)).WasUpToDate);
        TokenDataset.Open(folder["set"]).Dispose();
    }

    [Fact]
    public void A_folder_of_something_else_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "text");
        folder.Write("set/thesis.tex", "years of work");
        Assert.Contains("not a data set", Assert.Throws<DataException>(() => DatasetBuilder.Build(Options(folder))).Message,
            StringComparison.Ordinal);
        Assert.Equal("years of work", File.ReadAllText(folder["set/thesis.tex"]));
    }

    [Fact]
    public void A_failure_or_a_stop_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.jsonl", "{\"text\":\"fine\"}\n{broken");
        Assert.Throws<DataException>(() => DatasetBuilder.Build(Options(folder)));
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => DatasetBuilder.Build(Options(folder), cancellation: stopped.Token));
        Assert.Equal(["texts"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void An_exchange_that_was_killed_half_way_is_undone()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "text");
        DatasetBuilder.Build(Options(folder));
        Directory.Move(folder["set"], folder[".set.sparktrain-replaced"]);
        folder.Write(".set.sparktrain-preparing/train-00000.parquet", "half");
        Assert.True(DatasetBuilder.Build(Options(folder)).WasUpToDate);
        Assert.Equal(["set", "texts"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Two_runs_for_one_folder_do_not_mix()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "text");
        using var other = OutputFolder.Claim(folder["set"]);
        Assert.Contains("no other prepare", Assert.Throws<DataException>(() => DatasetBuilder.Build(Options(folder))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_without_text_are_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("texts/a.txt", "");
        Assert.Contains("1 are empty", Assert.Throws<DataException>(() => DatasetBuilder.Build(Options(folder))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_outside_their_ranges_are_refused_together()
    {
        var error = Assert.Throws<DataException>(() =>
            DatasetBuilder.Build(new PrepareOptions { Sources = [], Output = "x", ValidationFraction = 0.9 }));
        Assert.Contains("ValidationFraction", error.Message, StringComparison.Ordinal);
        Assert.Contains("Sources", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_of_another_tool_are_checked_and_get_their_ends_once()
    {
        var tokenizer = new ByteTokenizer();
        var batch = EncodedBatch.Encode(Batch(new TokenRecord([72, 105], "a"), new TokenRecord([256, 72, 105, 257], "b"), new TokenRecord([256, 257], "c")), tokenizer, identify: true);
        Assert.Equal([256, 72, 105, 257], batch[0].Tokens.ToArray());
        Assert.Equal([256, 72, 105, 257], batch[1].Tokens.ToArray());
        Assert.Equal(2, batch[1].TextBytes);
        Assert.Equal(batch[0].Identity, batch[1].Identity);
        Assert.Equal(DocumentState.Empty, batch[2].State);
        foreach (var bad in new[] { -1, 258, 257 })
            Assert.Equal("row 7",
                Assert.Throws<DataException>(() => EncodedBatch.Encode(Batch(new TokenRecord([1, bad, 2], "row 7")), tokenizer, identify: false)).Where);
    }

    [Fact]
    public void Progress_ends_at_the_totals()
    {
        using var folder = new TemporaryFolder();
        Samples.WriteDocuments(folder, 50);
        var reports = new Reports();
        var manifest = DatasetBuilder.Build(Options(folder) with { Sources = [folder["documents.jsonl"]], Tokenizer = "bpe:270" },
            reports).Manifest;
        Assert.Contains(reports.All, r => r.Phase == PreparePhase.TrainingTokenizer);
        Assert.Equal(new PrepareProgress(PreparePhase.Tokenizing, 50, manifest.Train.Bytes + manifest.Validation.Bytes,
            manifest.Train.Tokens + manifest.Validation.Tokens, Shards: 0, Read: 1), reports.All[^1]);
    }

    [Fact]
    public void A_sample_for_the_tokenizer_does_not_depend_on_order()
    {
        var documents = Enumerable.Range(0, 500).Select(i => $"document {i}").ToArray();
        string[] Chosen(IEnumerable<string> order)
        {
            var sample = new TokenizerSample(maxCharacters: 2000);
            foreach (var document in order) sample.Add(document, (ulong)(Document.FromText(document).Hash >> 64));
            return [.. sample.Documents.Order(StringComparer.Ordinal)];
        }

        var chosen = Chosen(documents);
        Assert.Equal(chosen, Chosen(documents.Reverse()));
        Assert.InRange(chosen.Sum(t => t.Length), 500, 2000);
    }

    private static PrepareOptions Options(TemporaryFolder folder) => new() { Sources = [folder["texts"]], Output = folder["set"] };

    private static RecordBatch Batch(params SourceRecord[] records) => new([.. records.Select(r => (r, default(InputPosition)))], Read: 1);

    private static List<string> Texts(TokenDataset set, TokenSplit split) =>
        [.. set.Tokenizer.Decode([.. split.ReadAll().Select(t => t == 257 ? '\n' : t)]).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private sealed class Reports : IProgress<PrepareProgress>
    {
        public List<PrepareProgress> All { get; } = [];

        public void Report(PrepareProgress value) => All.Add(value);
    }
}
