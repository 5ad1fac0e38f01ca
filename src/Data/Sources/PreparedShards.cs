namespace SparkTrain.Data;

/// <summary>The shards of prepared data sets among the files of a source: their documents are tokens that lie ready.</summary>
internal sealed class PreparedShards
{
    private readonly Dictionary<string, DatasetManifest?> manifests = new(StringComparer.Ordinal);

    /// <summary>Returns the data set that a file is a shard of; null where it is none.</summary>
    public (string Folder, DatasetManifest Manifest, ShardManifest Shard)? Find(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (!manifests.TryGetValue(folder, out var manifest))
            manifests.Add(folder, manifest = IsDataset(folder) ? DatasetManifest.Read(folder) : null);
        return manifest?.Shards.FirstOrDefault(s => s.File == Path.GetFileName(file)) is { } shard ? (folder, manifest, shard) : null;
    }

    public static bool IsDataset(string folder) => File.Exists(Path.Combine(folder, DatasetManifest.FileName));

    /// <summary>Returns the shards of a data set. Those of validation come first: a first shard without any of their documents would get another one for validation.</summary>
    public static IReadOnlyList<string> Of(string folder)
    {
        var manifest = DatasetManifest.Read(folder);
        return [.. manifest.Validation.Shards.Concat(manifest.Train.Shards).Select(s => Path.Combine(folder, s.File))];
    }

    /// <summary>True for files that lie below a folder of sources but are no source: what is beside the shards of a data set, and data sets that are not finished.</summary>
    public static bool IsPartOfADataset(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return (Path.GetFileName(folder) == DatasetLayout.LengthsFolder && IsDataset(Path.GetDirectoryName(folder)!)) || file.Contains(OutputFolder.UnfinishedEnding + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    public static IEnumerable<SourceRecord> Read(string file, (string Folder, DatasetManifest Manifest, ShardManifest Shard) found, long skip)
    {
        var number = skip;
        foreach (var tokens in ShardDocuments.Read(found.Folder, found.Shard, found.Manifest.Tokenizer.VocabSize, skip)) yield return new TokenRecord(tokens, $"{file} document {number++}");
    }
}
