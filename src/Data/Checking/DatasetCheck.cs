namespace SparkTrain.Data;

/// <summary>Reads a data set once, all of it, and compares every shard, document and token with what the manifest and the tokenizer say.</summary>
public static class DatasetCheck
{
    /// <summary>
    /// Checks the data set in <paramref name="folder"/>, on all cores, and goes on after whatever is wrong. Memory holds a row group a core, and <paramref name="hashes"/>.
    /// </summary>
    /// <param name="folder">The data set.</param>
    /// <param name="hashes">Remembers documents, also those of other data sets; null looks for no copies.</param>
    /// <param name="progress">Receives the bytes that have been read.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static DatasetReport Run(string folder, DocumentHashes? hashes, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        try
        {
            using var dataset = TokenDataset.Open(folder);
            var problems = new List<DataProblem>();
            SplitReport[] splits = [Split(dataset, dataset.Manifest.Train, DatasetLayout.TrainSplit), Split(dataset, dataset.Manifest.Validation, DatasetLayout.ValidationSplit)];
            problems.AddRange(Strangers(dataset));
            return new DatasetReport(folder, splits, problems);

            SplitReport Split(TokenDataset set, SplitManifest manifest, string name)
            {
                var split = hashes?.AddSplit(folder, name) ?? 0;
                var checks = manifest.Shards.AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount).WithCancellation(cancellation).Select(shard =>
                {
                    var check = new ShardCheck(set, shard, hashes, split).Run(cancellation);
                    progress?.Report(shard.Files.Sum(file => file.FileBytes));
                    return check;
                }).ToList();
                problems.AddRange(checks.SelectMany(check => check.Problems));
                return Sum(name, manifest, checks);
            }
        }
        catch (DataException e)
        {
            return new DatasetReport(folder, [], [new DataProblem(e.Where, e.Found, IsDamage: true)]);
        }
    }

    private static SplitReport Sum(string name, SplitManifest manifest, List<ShardCheck> checks)
    {
        var lengths = new SortedDictionary<int, long>();
        foreach (var (length, count) in checks.SelectMany(check => check.Lengths)) lengths[length] = lengths.GetValueOrDefault(length) + count;
        var documents = lengths.Values.Sum();
        var (median, below) = (0, 0L);
        foreach (var (length, count) in lengths)
        {
            if (below <= (documents - 1) / 2) median = length;
            below += count;
        }
        return new SplitReport(name, manifest.Shards.Count, manifest.Shards.Sum(s => (s.Tokens + ColumnFormat.RowGroupValues - 1) / ColumnFormat.RowGroupValues), checks.Sum(c => c.Tokens), documents,
            checks.Sum(c => c.TextBytes), lengths.Keys.FirstOrDefault(), median, lengths.Keys.LastOrDefault(), checks.Sum(c => c.Empty), checks.Sum(c => c.Duplicates));
    }

    // Files that no manifest names are read by nobody; they may be what is left of another data set.
    private static IEnumerable<DataProblem> Strangers(TokenDataset dataset)
    {
        var known = dataset.Manifest.Files.Select(file => file.File).Append(DatasetManifest.FileName).ToHashSet(StringComparer.Ordinal);
        return Directory.EnumerateFiles(dataset.Folder).Select(file => Path.GetFileName(file)!).Where(file => !known.Contains(file)).Order(StringComparer.Ordinal)
            .Select(file => new DataProblem(Path.Combine(dataset.Folder, file), "it belongs to nothing in dataset.json", IsDamage: false));
    }
}
