namespace SparkTrain.Data;

/// <summary>Finds the source that a short description names.</summary>
internal static class DocumentSources
{
    /// <summary>
    /// <c>dotnet-docs</c>, a file, a prepared data set, a folder (all its text, JSON lines and Parquet files), or a pattern with * ? and **. Throws <see cref="DataException"/>
    /// where there is none.
    /// </summary>
    public static IDocumentSource Open(string spec, string textField)
    {
        try
        {
            return Find(spec, textField);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(spec, $"its files cannot be listed ({e.Message.TrimEnd('.')})", "folders that may be read", "correct --source, or the rights to the folder", e);
        }
    }

    private static IDocumentSource Find(string spec, string textField)
    {
        if (spec == DotnetDocsSource.SpecName) return new DotnetDocsSource(DotnetInstallation.FindReferencePacks());
        if (File.Exists(spec)) return new FileSource(spec, [spec], textField);
        if (PreparedShards.IsDataset(spec)) return new FileSource(spec, PreparedShards.Of(spec), textField);
        if (Directory.Exists(spec)) return new FileSource(spec, FilesBelow(spec), textField);
        if (FilePattern.IsPattern(spec)) return new FileSource(spec, [.. FilePattern.Find(spec).Where(f => !PreparedShards.IsPartOfADataset(f))], textField);
        throw new DataException(spec, "there is no such file or folder",
            $"`{DotnetDocsSource.SpecName}`, a file, a folder or a pattern such as `texts/**/*.txt`", "correct --source");
    }

    private static string[] FilesBelow(string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(folder, "*",
            SearchOption.AllDirectories).Where(f => FileSource.IsKnown(f) && !PreparedShards.IsPartOfADataset(f)).Order(StringComparer.Ordinal)];
        if (files.Length > 0) return files;
        throw new DataException(folder, "no file in it has a known ending",
            string.Join(" ", FileSource.KnownEndings) + ", each also with .gz or .zst",
            "name the files by a pattern such as `folder/*.log`; a named file of another ending is read as plain text");
    }
}
