using System.Collections.Immutable;
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
            if (File.ResolveLinkTarget(file, returnFinalTarget: true) is { Exists: false })
            {
                leftOut.Add(new(file, "a link to a file that is not there", true));
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
    public static IEnumerable<string> Visible(string folder) => All(folder).Where(file => !IsHidden(Path.GetRelativePath(folder, file)));

    /// <summary>Returns all files below a folder. Links to folders are followed, but not back to one that they lie in.</summary>
    public static IEnumerable<string> All(string folder) => All(folder, [RealPath(Path.GetFullPath(folder))]);

    private static IEnumerable<string> All(string folder, ImmutableList<string> above)
    {
        foreach (string file in Directory.EnumerateFiles(folder)) yield return file;
        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            // A relative link counts from where it really lies.
            string real = RealPath(Path.Combine(above[^1], Path.GetFileName(inner)));
            if (above.Contains(real)) continue;
            foreach (string file in All(inner, above.Add(real))) yield return file;
        }
    }

    private static string RealPath(string folder) => Path.GetFullPath(Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder);

    /// <summary>Returns true for a path of which a part begins with a dot.</summary>
    public static bool IsHidden(string path) => path.Split('/', '\\').Any(part => part.StartsWith('.') && part is not ("." or ".."));

    // Licences and checksums lie beside data, and are none.
    private static bool IsAboutTheData(string file) =>
        Path.GetFileNameWithoutExtension(file).ToUpperInvariant() is "LICENSE" or "LICENCE" or "LICENSES" or "LICENCES" or "NOTICE" or "COPYING" || Path.GetExtension(file).ToUpperInvariant() is ".SHA256" or ".MD5" or ".CRC";
}
