using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Finds the source that a short description names.</summary>
internal static class DocumentSources
{
    /// <summary>Opens <c>dotnet-docs</c>, a file, a prepared dataset, a folder (see <see cref="FolderSearch"/>), or a pattern with * ? and **.</summary>
    /// <param name="spec">The description.</param>
    /// <param name="textField">The field or column that holds the text.</param>
    /// <param name="isAlone">True where there is no other source.</param>
    /// <exception cref="DataException">There is none, or it cannot be listed.</exception>
    public static IDocumentSource Open(string spec, string textField, bool isAlone = false)
    {
        try
        {
            return Find(spec, textField, isAlone);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new DataException(spec, $"its files cannot be listed ({e.Reason()})", "folders that may be read", "correct --source, or the rights to the folder", e);
        }
    }

    private static IDocumentSource Find(string spec, string textField, bool isAlone)
    {
        if (spec == DotnetDocsSource.SpecName) return new DotnetDocsSource(DotnetInstallation.FindReferencePacks());
        if (File.Exists(spec)) return new FileSource(spec, [spec], textField, isAlone: isAlone);
        if (PreparedShards.IsDataset(spec)) return new FileSource(spec, PreparedShards.Of(spec), textField);
        if (Directory.Exists(spec)) return OfFolder(spec, textField);
        if (FilePattern.IsPattern(spec)) return new FileSource(spec, [.. FilePattern.Find(spec).Where(f => !PreparedShards.IsPartOfADataset(f))], textField);
        throw new DataException(spec, "there is no such file or folder",
            $"`{DotnetDocsSource.SpecName}`, a file, a folder or a pattern such as `texts/**/*.txt`", "correct --source");
    }

    private static FileSource OfFolder(string folder, string textField)
    {
        var (files, leftOut) = FolderSearch.In(folder, textField);
        if (files.Length > 0) return new FileSource(folder, files, textField, leftOut);
        throw new DataException(folder, leftOut.Length == 0 ? "no file is in it" : $"no file in it is read; {leftOut[0].File} is {leftOut[0].Why}",
            string.Join(" ", FolderSearch.KnownEndings) + ", those of text also with .gz or .zst",
            "name the files by a pattern such as `folder/*.log`; a named file of another ending is read by its content");
    }
}
