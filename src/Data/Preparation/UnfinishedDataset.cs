using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>A data set that is being made: its folder, the tokenizer in it, and the journal of its finished shards.</summary>
/// <param name="output">Where it is made.</param>
/// <param name="options">Hash of everything that decides the shards but the files that are read.</param>
/// <param name="inputs">Hash of the files up to each one.</param>
/// <param name="seen">Receives the documents of the finished shards; null where nobody asks for them.</param>
internal sealed class UnfinishedDataset(OutputFolder output, string options, IReadOnlyList<string> inputs, DocumentSet? seen)
{
    private static readonly string[] SavedTokenizer =
        [Path.Combine(DatasetLayout.TokenizerFolder, TokenizerFiles.Definition), Path.Combine(DatasetLayout.TokenizerFolder, TokenizerFiles.Config)];

    public PrepareJournal Journal { get; private set; } = null!;

    public ITokenizer Tokenizer { get; private set; } = null!;

    private string TokenizerFolder => Path.Combine(output.Temporary, DatasetLayout.TokenizerFolder);

    /// <summary>
    /// Takes up what an interrupted run with the same options has left, as far as the files that it had read are the same; everything else in the folder goes. Returns false
    /// where there is none.
    /// </summary>
    public bool TryGoOn()
    {
        if (PrepareJournal.TryGoOn(output.Journal, IsOurs, CountGood) is not { } journal) return false;
        Journal = journal;
        output.Clear([.. SavedTokenizer, .. journal.Finished.SelectMany(f => f.Shards).SelectMany(s => s.Files).Select(f => f.File)]);
        return true;
    }

    /// <summary>Begins anew with a tokenizer.</summary>
    public void Begin(ITokenizer tokenizer)
    {
        output.Clear([]);
        tokenizer.Save(TokenizerFolder);
        foreach (var file in SavedTokenizer)
        {
            using var handle = File.OpenHandle(Path.Combine(output.Temporary, file), FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }
        (Tokenizer, Journal) = (tokenizer, PrepareJournal.Begin(output.Journal, new JournalHead(PrepareJournal.CurrentVersion, options, tokenizer.Hash)));
    }

    private bool IsOurs(JournalHead head)
    {
        if (head.Version != PrepareJournal.CurrentVersion || head.Options != options) return false;
        try
        {
            Tokenizer = TokenizerLoader.Load(TokenizerFolder);
            return Tokenizer.Hash == head.Tokenizer;
        }
        catch (DataException)
        {
            return false;
        }
    }

    // Shards count as long as the files that they were made of are the same, and they are all there. Where documents are wanted, a shard is read and its checksums are compared.
    private int CountGood(IReadOnlyList<FinishedShards> finished)
    {
        var good = finished.TakeWhile(f => f.Next.File < inputs.Count && inputs[f.Next.File] == f.Inputs && f.Shards.SelectMany(s => s.Files).All(IsThere)).ToList();
        if (seen is null) return good.Count;
        var count = 0;
        foreach (var documents in good.AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount).Select(TryReadDocuments))
        {
            if (documents is null) break;
            foreach (var document in documents) seen.Add(document);
            count++;
        }
        return count;
    }

    private bool IsThere(ColumnManifest file) => new FileInfo(Path.Combine(output.Temporary, file.File)) is { Exists: true } there && there.Length == file.FileBytes;

    private UInt128[]? TryReadDocuments(FinishedShards finished)
    {
        try
        {
            return [.. finished.Shards.SelectMany(s => ShardDocuments.Read(output.Temporary, s, Tokenizer.VocabSize)).Select(d => ShardDocuments.Hash(d))];
        }
        catch (DataException)
        {
            return null;
        }
    }
}
