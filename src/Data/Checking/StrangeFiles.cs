namespace SparkTrain.Data;

/// <summary>Finds what lies in a data set's folder and is not named in dataset.json. The loader does not read it, but whoever opens all Parquet files of the folder does.</summary>
internal static class StrangeFiles
{
    private const int MaxProblems = 5;

    public static IEnumerable<DataProblem> In(TokenDataset dataset)
    {
        var known = dataset.Manifest.Files.Select(file => file.File)
            .Concat([DatasetManifest.FileName, DatasetLayout.TokenizerFolder, DatasetLayout.LengthsFolder]).ToHashSet(StringComparer.Ordinal);
        string[] found = [.. new[] { "", DatasetLayout.LengthsFolder }.SelectMany(folder => Names(dataset.Folder, folder)).Where(name => !known.Contains(name)).Order(StringComparer.Ordinal)];
        foreach (var name in found.Take(MaxProblems)) yield return Warning(Path.Combine(dataset.Folder, name), $"{DatasetManifest.FileName} does not name it");
        if (found.Length > MaxProblems) yield return Warning(dataset.Folder, $"it holds {found.Length - MaxProblems} more files or folders that {DatasetManifest.FileName} does not name");
    }

    // A strange folder is one thing, however much is in it.
    private static IEnumerable<string> Names(string dataset, string folder) =>
        !Directory.Exists(Path.Combine(dataset, folder)) ? [] : Directory.EnumerateFileSystemEntries(Path.Combine(dataset, folder)).Select(entry => Path.GetRelativePath(dataset, entry).Replace('\\', '/'));

    private static DataProblem Warning(string where, string found) => DataProblem.Warning(where, found, "remove what does not belong to the data set");
}
