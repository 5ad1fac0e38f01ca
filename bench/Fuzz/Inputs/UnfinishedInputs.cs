using SparkTrain.Data;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>What an interrupted <c>prepare</c> leaves beside the place of its dataset.</summary>
internal static class UnfinishedInputs
{
    private const string Set = "set", Journal = $".{Set}.sparktrain-progress", Options = "options";

    private static readonly string[] Hashes = ["first", "second"];

    /// <summary>Makes it: two finished shards of a byte tokenizer.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder)
    {
        string unfinished = Path.Combine(folder, $".{Set}{OutputFolder.UnfinishedEnding}");
        var tokenizer = new ByteTokenizer();
        tokenizer.Save(Path.Combine(unfinished, DatasetLayout.TokenizerFolder));
        List<ShardManifest> shards = [];
        using (var journal = PrepareJournal.Begin(Path.Combine(folder, Journal), new(PrepareJournal.CurrentVersion, Options, tokenizer.Hash)))
            for (int file = 0; file < Hashes.Length; file++)
            {
                using var writer = new ShardWriter(unfinished, DatasetLayout.TrainSplit, 1, shards);
                writer.Append([1, 2, 3, tokenizer.EosToken], 3);
                shards = [.. writer.Finish().Shards];
                journal.Append(new(Hashes[file], new(file, 5), default, Moved: file == 0 ? null : 7, [shards[^1]], []));
            }
        return [FuzzInput.OfFolder(folder)];
    }

    /// <summary>Goes on with it, and looks for copies of its documents.</summary>
    public static void Read(string folder)
    {
        using var output = OutputFolder.Claim(Path.Combine(folder, Set));
        var unfinished = new UnfinishedDataset(output, Options, Hashes, new DocumentSet());
        if (unfinished.TryGoOn()) unfinished.Journal.Dispose();
    }
}
