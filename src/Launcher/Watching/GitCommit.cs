using SparkTrain.Input;

namespace SparkTrain.Launcher.Watching;

/// <summary>The commit of the working tree that a run is started in.</summary>
internal static class GitCommit
{
    /// <summary>Returns the commit that is checked out where a folder lies, or null where there is none.</summary>
    public static string? Of(string folder)
    {
        try
        {
            for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
                if (Directory.Exists(Path.Combine(at.FullName, ".git"))) return Head(Path.Combine(at.FullName, ".git"));
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
        }
        return null;
    }

    private static string? Head(string git)
    {
        const string Reference = "ref: ";
        string head = File.ReadAllText(Path.Combine(git, "HEAD")).Trim();
        if (!head.StartsWith(Reference, StringComparison.Ordinal)) return head;
        string name = head[Reference.Length..], loose = Path.Combine(git, name), packed = Path.Combine(git, "packed-refs");
        if (File.Exists(loose)) return File.ReadAllText(loose).Trim();
        return File.Exists(packed) ? File.ReadLines(packed).FirstOrDefault(line => line.EndsWith($" {name}", StringComparison.Ordinal))?.Split(' ')[0] : null;
    }
}
