namespace SparkTrain.Data;

/// <summary>The shards of prepared data sets among the files of a source: their documents are tokens that lie ready.</summary>
internal sealed class PreparedShards
{
    private readonly Dictionary<string, DatasetManifest?> manifests = new(StringComparer.Ordinal);

    /// <summary>Returns the shard that a file is; null where it is none.</summary>
    public PreparedShard? Find(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (!manifests.TryGetValue(folder, out var manifest))
            manifests.Add(folder, manifest = IsDataset(folder) ? DatasetManifest.Read(folder) : null);
        return manifest?.Shards.FirstOrDefault(s => s.File == Path.GetFileName(file)) is { } shard ? new PreparedShard(folder, manifest, shard) : null;
    }

    public static bool IsDataset(string folder) => File.Exists(Path.Combine(folder, DatasetManifest.FileName));

    /// <summary>Returns the shards of a data set. Those of validation come first: a first shard without any of their documents would give another one to validation.</summary>
    public static IReadOnlyList<string> Of(string folder)
    {
        var manifest = DatasetManifest.Read(folder);
        return [.. manifest.Validation.Shards.Concat(manifest.Train.Shards).Select(s => Path.Combine(folder, s.File))];
    }

    /// <summary>True for files below a folder of sources that are no source: what is beside the shards of a data set, and data sets that are not finished.</summary>
    public static bool IsPartOfADataset(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return (Path.GetFileName(folder) == DatasetLayout.LengthsFolder && IsDataset(Path.GetDirectoryName(folder)!))
            || file.Contains(OutputFolder.UnfinishedEnding + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }
}

/// <summary>A shard of a prepared data set.</summary>
internal sealed record PreparedShard(string Folder, DatasetManifest Manifest, ShardManifest Shard)
{
    /// <summary>Reads its documents, without the first <paramref name="skip"/>; <paramref name="file"/> is how messages call it.</summary>
    public IEnumerable<SourceRecord> Read(string file, long skip)
    {
        foreach (var tokens in ShardDocuments.Read(Folder, Shard, Manifest.Tokenizer.VocabSize, skip)) yield return new TokenRecord(tokens, $"{file} document {skip++}");
    }
}
