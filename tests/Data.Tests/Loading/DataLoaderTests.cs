using CsCheck;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class DataLoaderTests
{
    private const int SeqLen = 32;

    [Fact]
    public void All_numbers_of_ranks_walk_through_the_same_global_order()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder);
        const int GlobalRows = 48, Steps = 6;
        var expected = GlobalBatches(set, 1, GlobalRows, Steps);
        foreach (var worldSize in new[] { 2, 3, 4, 8 }) Assert.Equal(expected,
            GlobalBatches(set, worldSize, GlobalRows / worldSize, Steps));
    }

    [Fact]
    public void A_batch_is_what_the_order_says()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder);
        var (stream, order) = (set.Train.ReadAll(), new SampleOrder(new ConcatenatedLayout(set.Train, SeqLen), set.Manifest.Fingerprint, seed: 5));
        using var loader = new DataLoader(set.Lay(SeqLen, seed: 5), rowsPerBatch: 3, rank: 1, worldSize: 2, startSample: 10);
        loader.Next();
        var batch = loader.Next();   // 10 + 1·3·2 + 1·3
        Assert.Equal((19, 3, SeqLen + 1), (batch.FirstSample, batch.Rows, batch.Columns));
        for (var row = 0; row < 3; row++)
            Assert.Equal(stream.AsSpan((int)order[19 + row] * SeqLen, SeqLen + 1), batch.Tokens.AsSpan(row * batch.Columns, batch.Columns));
    }

    [Fact]
    public void A_run_resumed_at_its_cursor_equals_the_unbroken_run()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 40);
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 3], Gen.Int[0, 12]).Sample((rows, worldSize, steps) =>
        {
            using var unbroken = new DataLoader(set.Lay(SeqLen, 9), rows, worldSize - 1, worldSize);
            for (var i = 0; i < steps; i++) unbroken.Next();
            Assert.Equal((long)steps * rows * worldSize, unbroken.NextSample);
            using var resumed = new DataLoader(set.Lay(SeqLen, 9), rows, worldSize - 1, worldSize, unbroken.NextSample);
            for (var i = 0; i < 4; i++) Assert.Equal(unbroken.Next().Tokens, resumed.Next().Tokens);
        }, iter: 30);
    }

    [Fact]
    public void Documents_are_counted_from_the_window_and_end_with_their_end_token()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"c\"}\n{\"text\":\"defg\"}\n");
        DatasetBuilder.Build(new PrepareOptions { Sources = [folder["a.jsonl"]], Output = folder["set"], ValidationFraction = 0 });
        using var set = TokenDataset.Open(folder["set"]);
        // <bos>ab<eos><bos>c<eos><bos>defg<eos>: 4 + 3 + 6 tokens
        Assert.Equal([256, 97, 98, 257, 256, 99, 257, 256, 100, 101, 102, 103, 257], set.Train.ReadAll());
        using var loader = new DataLoader(set.Lay(12, seed: 0), rowsPerBatch: 1);
        var batch = loader.Next();
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2], batch.DocumentIds);
        Assert.Equal(7, batch.TargetBytes);
        using var unmasked = new DataLoader(set.Lay(12, seed: 0, maskDocuments: false), rowsPerBatch: 1);
        Assert.All(unmasked.Next().DocumentIds, id => Assert.Equal(0, id));
    }

    [Fact]
    public void Bytes_count_only_where_the_loss_does()
    {
        using var folder = new TemporaryFolder();
        // One token begins and ends documents, as GPT-2 has it, so there is no begin token: the first token of a document is text, and no target.
        folder.Write("tokenizer/tokenizer.json", File.ReadAllText(GoldenFiles.At("bpe-1024/tokenizer.json")));
        folder.Write("tokenizer/tokenizer_config.json", "{\"bos_token\":\"<eos>\",\"eos_token\":\"<eos>\"}");
        folder.Write("a.jsonl", "{\"text\":\"~\"}\n{\"text\":\"^\"}\n");
        DatasetBuilder.Build(new PrepareOptions { Sources = [folder["a.jsonl"]], Output = folder["set"], ValidationFraction = 0, Tokenizer = folder["tokenizer"] });
        using var set = TokenDataset.Open(folder["set"]);
        Assert.Equal(4, set.Train.Tokens); // ~ <eos> ^ <eos>
        using var masked = new DataLoader(set.Lay(3, seed: 0), rowsPerBatch: 1);
        using var unmasked = new DataLoader(set.Lay(3, seed: 0, maskDocuments: false), rowsPerBatch: 1);
        Assert.Equal((0, 1), (masked.Next().TargetBytes, unmasked.Next().TargetBytes));
    }

    [Fact]
    public void Damage_found_while_reading_ahead_surfaces_in_Next()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder);
        File.Delete(Path.Combine(set.Folder, set.Manifest.Train.Shards[0].File));
        using var loader = new DataLoader(set.Lay(SeqLen, 1), 2);
        Assert.Throws<DataException>(loader.Next);
        Assert.Throws<DataException>(loader.Next);
    }

    [Fact]
    public void A_disposed_loader_gives_nothing_more()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder);
        var loader = new DataLoader(set.Lay(SeqLen, 1), 2);
        loader.Dispose();
        loader.Dispose();
        Assert.Throws<ObjectDisposedException>(loader.Next);
    }

    [Fact]
    public void A_split_shorter_than_one_sample_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 4);
        var error = Assert.Throws<DataException>(() => new ConcatenatedLayout(set.Validation, 100_000));
        Assert.Contains("100001", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_reads_the_first_samples_in_order_and_divides_them_among_ranks()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder);
        var stream = set.Validation.ReadAll();
        using var data = DataMixture.Open(new DataConfig { Folder = set.Folder });
        var numbered = new ValidationBatches(data, SeqLen, rowsPerBatch: 4, maxTokens: SeqLen * 10);
        Assert.Equal(3, numbered.Count);
        Assert.Equal([0, 1, 2], numbered.Select(b => b.Index));
        var all = numbered.Select(b => b.Batch).ToArray();
        Assert.Equal([4, 4, 2], all.Select(b => b.Rows));
        var tokens = all.SelectMany(b => b.Tokens).ToArray();
        for (var i = 0; i < 10; i++) Assert.Equal(stream.AsSpan(i * SeqLen, SeqLen + 1), tokens.AsSpan(i * (SeqLen + 1), SeqLen + 1));
        var shared = Enumerable.Range(0, 2).SelectMany(rank => new ValidationBatches(data, SeqLen, 4, SeqLen * 10, rank, 2));
        Assert.Equal(tokens, shared.OrderBy(b => b.Index).SelectMany(b => b.Batch.Tokens));
    }

    [Fact]
    public void A_steps_samples_are_the_same_however_they_are_divided_into_ranks_and_batches()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder);
        var expected = Steps(worldSize: 1, batchesPerStep: 4);
        Assert.Equal(expected, Steps(worldSize: 2, batchesPerStep: 2));
        Assert.Equal(expected, Steps(worldSize: 4, batchesPerStep: 1));

        // The step's samples in the order of ranks, and of batches within a rank.
        int[][] Steps(int worldSize, int batchesPerStep)
        {
            DataLoader[] ranks = [.. Enumerable.Range(0, worldSize).Select(r => new DataLoader(set.Lay(SeqLen, 42), 2, r, worldSize, 0, batchesPerStep))];
            try
            {
                return [.. Enumerable.Range(0, 3).Select(_ => ranks.SelectMany(r => Enumerable.Range(0, batchesPerStep).SelectMany(_ => r.Next().Tokens)).ToArray())];
            }
            finally
            {
                foreach (var rank in ranks) rank.Dispose();
            }
        }
    }

    private static int[][] GlobalBatches(TokenDataset set, int worldSize, int rows, int steps)
    {
        DataLoader[] ranks = [.. Enumerable.Range(0, worldSize).Select(r => new DataLoader(set.Lay(SeqLen, 42), rows, r, worldSize))];
        try
        {
            return [.. Enumerable.Range(0, steps).Select(_ => ranks.SelectMany(r => r.Next().Tokens).ToArray())];
        }
        finally
        {
            foreach (var rank in ranks) rank.Dispose();
        }
    }
}
