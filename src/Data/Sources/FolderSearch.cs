using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Searches a folder for files to read. Hidden files and folders, whose names begin with a dot, are passed over: editors and notebooks keep copies there.</summary>
internal static class FolderSearch
{
    /// <summary>Endings of files that are read; files of other endings are left out, and named where they look like text.</summary>
    public static readonly string[] KnownEndings = [".txt", ".text", ".md", ".rst", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", .. FileContent.ArrowEndings];

    /// <summary>Returns the files to read and those that are left out, in ordinal order of their paths; those of a data set that Hugging Face datasets has saved in its order.</summary>
    public static (string[] Files, LeftOutFile[] LeftOut) In(string folder, string textField)
    {
        List<string> files = [];
        List<LeftOutFile> leftOut = [];
        var saved = new SavedDatasets(folder);
        foreach (string file in Visible(folder).Where(f => !PreparedShards.IsPartOfADataset(f) && !saved.IsDescription(f)).OrderBy(saved.Place, StringComparer.Ordinal))
        {
            if (!saved.Holds(file))
            {
                leftOut.Add(new(file, "no part of the data set that is saved there", false));
                continue;
            }
            var kind = FileContent.Of(file, textField);
            bool isKnown = Array.Exists(KnownEndings, e => PackedFile.NameInside(file).EndsWith(e, StringComparison.OrdinalIgnoreCase));
            if (kind.IsRead && isKnown) files.Add(file);
            else leftOut.Add(new(file, kind.IsRead ? $"{kind.Name} with the ending '{Path.GetExtension(file)}'" : kind.Name, kind.LooksLikeText || (kind.IsRead && !IsAboutTheData(file))));
        }
        return ([.. files], [.. leftOut]);
    }

    /// <summary>Returns all files below a folder that are not hidden.</summary>
    public static IEnumerable<string> Visible(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => !IsHidden(Path.GetRelativePath(folder, file)));

    /// <summary>Returns true for a path of which a part begins with a dot.</summary>
    public static bool IsHidden(string path) => path.Split('/', '\\').Any(part => part.StartsWith('.') && part is not ("." or ".."));

    // Licences and checksums lie beside data, and are none.
    private static bool IsAboutTheData(string file) =>
        Path.GetFileNameWithoutExtension(file).ToUpperInvariant() is "LICENSE" or "LICENCE" or "NOTICE" or "COPYING" || Path.GetExtension(file).ToUpperInvariant() is ".SHA256" or ".MD5" or ".CRC";
}
