using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Compares the row groups of one shard, which come in order, with everything that is known of it. After a row group that cannot be read it goes on at the next end token; from
/// there on the numbers of documents are not known.
/// </summary>
internal sealed class ShardCheck : IDisposable
{
    private const int MaxProblemsOfAKind = 5;

    private readonly ShardManifest shard;
    private readonly long firstDocument;
    private readonly DocumentScanner scanner;
    private readonly SplitTally tally;
    private readonly string path;
    private readonly OpenDocument open;
    private readonly ExpectedLengths lengths;
    private readonly Dictionary<string, long> told = [];
    private long documents, textBytes;
    private bool isBroken, isLost;   // a row group could not be read; and no end token has come since

    public ShardCheck(string folder, ShardManifest shard, long firstDocument, DocumentScanner scanner, SplitTally tally)
    {
        (this.shard, this.firstDocument, this.scanner, this.tally) = (shard, firstDocument, scanner, tally);
        (path, open, lengths) = (Path.Combine(folder, shard.File), new OpenDocument(scanner), new ExpectedLengths(folder, shard, tally));
    }

    public void Add(GroupScan group)
    {
        tally.AddRowGroup(group.Tokens);
        if (isLost)
        {
            if (!group.HeadEnds) return;
            isLost = false;
        }
        else
        {
            open.Append(group.Head);
            if (group.HeadEnds) Add(open.Finish());
        }
        foreach (var document in group.Documents) Add(document);
        open.Append(group.Tail);
    }

    /// <summary>Passes over a row group that cannot be read.</summary>
    public void AddDamaged(DataException why)
    {
        Tell("row groups that cannot be read", DataProblem.Damage(why));
        (isBroken, isLost) = (true, true);
        open.Finish();
    }

    /// <summary>Says that the shard cannot be opened.</summary>
    public void GiveUp(DataException why)
    {
        tally.Problems.Add(DataProblem.Damage(why));
        tally.NotChecked.Add($"{path}: its tokens and documents");
    }

    /// <summary>Compares what only the whole shard tells.</summary>
    public void Finish()
    {
        foreach (var (kind, count) in told)
            if (count > MaxProblemsOfAKind) tally.Problems.Add(DataProblem.Damage(path, $"{count - MaxProblemsOfAKind} more {kind}"));
        if (isBroken)
        {
            tally.NotChecked.Add($"{path}: documents in and beside damaged row groups, and how many there are");
            return;
        }
        if (open.Length > 0) tally.Problems.Add(DataProblem.Damage(path, $"its last {open.Length} tokens belong to a document without an end token"));
        if (documents != shard.Documents) tally.Problems.Add(DataProblem.Damage(path, $"it holds {documents} documents, {DatasetManifest.FileName} says {shard.Documents}"));
        if (textBytes != shard.Bytes) tally.Problems.Add(DataProblem.Warning(path, $"its tokens stand for {textBytes} bytes of text, {DatasetManifest.FileName} says {shard.Bytes}", "prepare the data set again"));
    }

    public void Dispose()
    {
        open.Dispose();
        lengths.Dispose();
    }

    private void Add(DocumentFacts document)
    {
        var number = documents++;
        textBytes += document.TextBytes;
        if (!isBroken && lengths.Next() is { } expected && expected != document.Length)
            Tell(number, "documents of another length than is written beside the shard", $"it has {document.Length} tokens, {shard.Lengths!.File} says {expected}");
        if (scanner.HasBegin && !document.BeginsFirst) Tell(number, "documents without a begin token", "it does not begin with the begin token");
        if (document.Begins > (document.BeginsFirst ? 1 : 0)) Tell(number, "documents with a begin token inside", "a begin token stands inside it");
        tally.Add(document, firstDocument + number);
    }

    private void Tell(long number, string kind, string found) =>
        Tell(kind, DataProblem.Damage(isBroken ? $"{path} after the damage" : $"{path} document {firstDocument + number}", found));

    private void Tell(string kind, DataProblem problem)
    {
        if ((told[kind] = told.GetValueOrDefault(kind) + 1) <= MaxProblemsOfAKind) tally.Problems.Add(problem);
    }
}
