using System.Text;
using System.Text.RegularExpressions;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>File name patterns: * and ? inside a name, ** for any folders. Hidden files match only where the pattern writes their dot.</summary>
internal static class FilePattern
{
    public static bool IsPattern(string spec) => spec.AsSpan().IndexOfAny('*', '?') >= 0;

    /// <summary>Returns the matching files in ordinal order. Throws <see cref="DataException"/> where there are none.</summary>
    public static string[] Find(string pattern)
    {
        var path = pattern.Replace('\\', '/');
        var root = path[..(path.LastIndexOf('/', path.AsSpan().IndexOfAny('*', '?')) + 1)];
        var regex = new Regex(ToRegex(path[root.Length..]), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        bool reachesHidden = path[root.Length..].Split('/').Any(part => part.StartsWith('.'));
        var folder = root.Length == 0 ? "." : root;
        string[] files = !Directory.Exists(folder) ? [] :
            [.. FolderSearch.All(folder)
                .Where(f => reachesHidden || !FolderSearch.IsHidden(Path.GetRelativePath(folder, f)))
                .Where(f => regex.IsMatch(Path.GetRelativePath(folder, f).Replace('\\', '/')))
                .Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files
            : throw new DataException(pattern, "no file matches", "at least one file",
                "correct --source; quote the pattern, or the shell replaces it");
    }

    private static string ToRegex(string pattern)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern.AsSpan(i).StartsWith("**/"))
            {
                regex.Append("(?:.*/)?");
                i += 2;
            }
            else if (pattern.AsSpan(i).StartsWith("**"))
            {
                regex.Append(".*");
                i++;
            }
            else regex.Append(pattern[i] switch { '*' => "[^/]*", '?' => "[^/]", var c => Regex.Escape(c.ToString()) });
        }
        return regex.Append('$').ToString();
    }
}
