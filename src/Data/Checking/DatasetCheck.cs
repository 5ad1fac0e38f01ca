using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Reads a data set once, all of it, and compares every shard, document and token with what the manifest and the tokenizer say.</summary>
public sealed class DatasetCheck
{
    private static readonly int RowGroupsAhead = 2 * Environment.ProcessorCount;

    private readonly TokenDataset dataset;
    private readonly DocumentHashes? hashes;
    private readonly DocumentScanner scanner;
    private readonly IProgress<long>? progress;
    private readonly CancellationToken cancellation;
    private readonly List<DataProblem> problems = [];
    private readonly List<string> notChecked = [];

    private DatasetCheck(TokenDataset dataset, DocumentHashes? hashes, IProgress<long>? progress, CancellationToken cancellation)
    {
        (this.dataset, this.hashes, this.progress, this.cancellation) = (dataset, hashes, progress, cancellation);
        scanner = new DocumentScanner(dataset.Tokenizer, hashes is not null);
    }

    /// <summary>
    /// Checks the data set in <paramref name="folder"/>, on all cores, and goes on after whatever is wrong. Memory holds a few row groups a core, and <paramref name="hashes"/>.
    /// </summary>
    /// <param name="folder">The data set.</param>
    /// <param name="hashes">Remembers documents, also those of other data sets; null looks for no copies.</param>
    /// <param name="progress">Receives how many bytes more have been read.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static DatasetReport Run(string folder, DocumentHashes? hashes, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        try
        {
            using var dataset = TokenDataset.Open(folder);
            return new DatasetCheck(dataset, hashes, progress, cancellation).Run();
        }
        catch (DataException e)
        {
            return new DatasetReport(folder, null, [], [DataProblem.Damage(e)], [$"{folder}: everything in it"]);
        }
    }

    private DatasetReport Run()
    {
        CompareTokenizer();
        SplitReport[] splits = [Check(dataset.Manifest.Train, DatasetLayout.TrainSplit), Check(dataset.Manifest.Validation, DatasetLayout.ValidationSplit)];
        problems.AddRange(StrangeFiles.In(dataset));
        return new DatasetReport(dataset.Folder, dataset.Manifest.Tokenizer, splits, problems, notChecked);
    }

    // Whoever opens a data set compares the tokenizer's hash; these are written beside it.
    private void CompareTokenizer()
    {
        var (said, found) = (dataset.Manifest.Tokenizer, dataset.Tokenizer);
        if ((said.VocabSize, said.BosToken, said.EosToken) != (found.VocabSize, found.BosToken, found.EosToken))
            problems.Add(DataProblem.Damage(ManifestPath, $"it says {said.VocabSize} ids, begin token {said.BosToken}, end token {said.EosToken}; its tokenizer has {found.VocabSize}, {found.BosToken}, {found.EosToken}"));
    }

    private string ManifestPath => Path.Combine(dataset.Folder, DatasetManifest.FileName);

    private SplitReport Check(SplitManifest manifest, string name)
    {
        var tally = new SplitTally(dataset.Folder, name, hashes);
        var documents = 0L;
        foreach (var shard in manifest.Shards)
        {
            Check(shard, documents, tally);
            documents += shard.Documents;
        }
        var report = tally.Finish(manifest);
        problems.AddRange(tally.Problems);
        notChecked.AddRange(tally.NotChecked);
        return report;
    }

    private void Check(ShardManifest shard, long firstDocument, SplitTally tally)
    {
        // Beside the decoding, so that a disk is read once.
        var hashing = Task.Run(() => shard.Files.Select(file => FileHash.Compare(dataset.Folder, file, cancellation)).OfType<DataProblem>().ToList(), CancellationToken.None);
        try
        {
            using var check = new ShardCheck(dataset.Folder, shard, firstDocument, scanner, tally);
            Read(shard, check);
        }
        finally
        {
            Wait(hashing);
        }
        tally.Problems.AddRange(hashing.GetAwaiter().GetResult());
    }

    private void Read(ShardManifest shard, ShardCheck check)
    {
        ShardReaders readers;
        try
        {
            readers = new ShardReaders(dataset.Folder, shard, scanner);
        }
        catch (DataException e)
        {
            check.GiveUp(e);
            return;
        }
        using (readers)
        {
            var (groups, group, taken) = ((int)((shard.Tokens + ColumnFormat.RowGroupValues - 1) / ColumnFormat.RowGroupValues), 0, 0);
            var running = new Queue<Task<GroupScan>>();
            try
            {
                for (; taken < groups; taken++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    for (; group < groups && running.Count < RowGroupsAhead; group++)
                    {
                        var mine = group;
                        running.Enqueue(Task.Run(() => readers.Scan(mine), CancellationToken.None));
                    }
                    Take(running.Dequeue(), check);
                    progress?.Report((shard.FileBytes * (taken + 1) / groups) - (shard.FileBytes * taken / groups));
                }
            }
            finally
            {
                foreach (var task in running) Wait(task);
            }
        }
        check.Finish();
        progress?.Report(shard.Lengths?.FileBytes ?? 0);
    }

    // Whichever core finishes first, row groups are taken in order.
    private static void Take(Task<GroupScan> scan, ShardCheck check)
    {
        try
        {
            check.Add(scan.GetAwaiter().GetResult());
        }
        catch (DataException e)
        {
            check.AddDamaged(e);
        }
    }

    private static void Wait(Task task) => task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
}
