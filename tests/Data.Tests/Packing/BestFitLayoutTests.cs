using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class BestFitLayoutTests
{
    private const int SeqLen = 48;

    [Fact]
    public void An_epoch_holds_every_target_once_and_documents_stay_whole_where_they_fit()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 150, shardTokens: 4096);
        var layout = new BestFitLayout(set.Train, SeqLen, LongDocuments.Cut);
        var pieces = Enumerable.Range(0, (int)layout.Samples).SelectMany(i => Pieces(layout, i)).ToList();

        // Pieces of a cut document begin with the last token of the one before.
        var expected = new List<int[]>();
        foreach (var document in Documents(set.Train))
            for (var at = 0; at < document.Length - 1; at += SeqLen) expected.Add(document[at..Math.Min(document.Length, at + SeqLen + 1)]);
        Assert.Equal(Sorted(expected), Sorted(pieces));
        Assert.Equal(expected.Sum(p => p.Length - 1), layout.Summary.Targets);
        Assert.Equal(Documents(set.Train).Count(d => d.Length > SeqLen + 1), layout.Summary.CutDocuments);
        Assert.InRange(layout.Summary.CutDocuments, 1, 149);
        // At least that many samples are needed.
        Assert.InRange(layout.Samples, (expected.Sum(p => p.Length) + SeqLen) / (SeqLen + 1), expected.Count);
    }

    [Fact]
    public void Long_documents_may_be_left_out()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 150);
        var layout = new BestFitLayout(set.Train, SeqLen, LongDocuments.Drop);
        var pieces = Enumerable.Range(0, (int)layout.Samples).SelectMany(i => Pieces(layout, i)).ToList();
        var kept = Documents(set.Train).Where(d => d.Length <= SeqLen + 1).ToList();
        Assert.Equal(Sorted(kept), Sorted(pieces));
        Assert.Equal(set.Train.Documents - kept.Count, layout.Summary.DroppedDocuments);
        Assert.Contains("LongDocuments = Cut", Assert.Throws<DataException>(() => new BestFitLayout(set.Train, 2, LongDocuments.Drop)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Padding_is_no_target_and_counts_no_bytes()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 150);
        var config = new DataConfig { Folder = set.Folder, Packing = Packing.BestFit };
        using var data = DataMixture.Open(config);
        var samples = new TrainingSamples(data, config, SeqLen, seed: 1);
        using var loader = new DataLoader(samples, rowsPerBatch: (int)samples.Packed![0].Samples);
        var batch = loader.Next();
        var targets = Enumerable.Range(0, batch.Tokens.Length).Where(t => t % batch.Columns > 0 && batch.DocumentIds[t] == batch.DocumentIds[t - 1]).ToArray();
        Assert.Equal(samples.Packed[0].Targets, targets.Length);
        Assert.Equal(targets.Count(t => batch.Tokens[t] < 256), batch.TargetBytes);
    }

    [Fact]
    public void A_data_set_without_lengths_says_what_to_do()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 20);
        var old = set.Manifest.Train with { Shards = [.. set.Manifest.Train.Shards.Select(s => s with { Lengths = null })] };
        using var cache = new ShardCache(set.Folder, 258, 1 << 20);
        var error = Assert.Throws<DataException>(() => new BestFitLayout(new TokenSplit("train", set.Folder, old, set, cache), SeqLen, LongDocuments.Cut));
        Assert.Contains("prepare the data set again", error.Message, StringComparison.Ordinal);
    }

    private static List<int[]> Pieces(BestFitLayout layout, long sample)
    {
        var (tokens, documents) = (new int[SeqLen + 1], new int[SeqLen + 1]);
        layout.Read(sample, tokens, documents);
        Assert.Equal(documents.Order(), documents);
        return [.. documents.Index().GroupBy(d => d.Item).Select(g => tokens[g.First().Index..(g.Last().Index + 1)]).Where(p => p.Length > 1)];
    }

    private static IEnumerable<int[]> Documents(TokenSplit split)
    {
        var (tokens, start) = (split.ReadAll(), 0);
        for (var at = 0; at < tokens.Length; at++)
            if (tokens[at] == split.EosToken)
            {
                yield return tokens[start..(at + 1)];
                start = at + 1;
            }
    }

    private static IEnumerable<string> Sorted(IEnumerable<int[]> pieces) => pieces.Select(p => string.Join(' ', p)).Order(StringComparer.Ordinal);
}
