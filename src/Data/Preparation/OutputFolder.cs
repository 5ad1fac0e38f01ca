using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Makes a data set's folder appear whole or not at all: it is built beside its place and renamed when finished. What an interrupted run has built stays for the next one,
/// if it says so.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    /// <summary>How the name of a folder ends in which a data set is being built.</summary>
    public const string UnfinishedEnding = ".sparktrain-preparing";

    private readonly string output, replaced;
    private readonly FileStream gate;

    private OutputFolder(string output, FileStream gate)
    {
        (this.output, this.gate) = (output, gate);
        (Temporary, Journal, replaced) = (Beside(output, UnfinishedEnding), Beside(output, ".sparktrain-progress"), Beside(output, ".sparktrain-replaced"));
        // A killed run may have left the old data set half-way through the exchange.
        if (Directory.Exists(replaced) && !Directory.Exists(output)) Directory.Move(replaced, output);
        Delete(replaced);
    }

    /// <summary>The folder to build in.</summary>
    public string Temporary { get; }

    /// <summary>The file that says what in it is finished.</summary>
    public string Journal { get; }

    /// <summary>True where an unfinished folder stays behind; set it once there is something that a restart can use.</summary>
    public bool IsKept { get; set; }

    /// <summary>
    /// Claims the place <paramref name="path"/>. Throws <see cref="DataException"/> where something else is there or another run is making
    /// it, <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where it cannot be written.
    /// </summary>
    public static OutputFolder Claim(string path)
    {
        var output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(output)
            || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()
                && !File.Exists(Path.Combine(output, DatasetManifest.FileName))))
            throw new DataException(path, "something that is not a data set is there",
                "a free place, an empty folder or an older data set", "choose another --output, or remove it yourself");
        Directory.CreateDirectory(Path.GetDirectoryName(output) ?? ".");
        try
        {
            return new OutputFolder(output, new FileStream(Beside(output, ".sparktrain-lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite,
                FileShare.None, 1, FileOptions.DeleteOnClose));
        }
        catch (IOException e) when (IoFailure.IsLocked(e))
        {
            throw new DataException(Beside(output, ".sparktrain-lock"), $"it cannot be locked ({e.Reason()})",
                "no other prepare for this folder", "wait for it, or choose another --output", e);
        }
    }

    /// <summary>Empties the folder to build in, but for the files <paramref name="kept"/>, which are named relative to it.</summary>
    public void Clear(IEnumerable<string> kept)
    {
        Directory.CreateDirectory(Temporary);
        var paths = kept.Select(file => Path.Combine(Temporary, file)).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Temporary, "*", SearchOption.AllDirectories))
            if (!paths.Contains(file)) File.Delete(file);
    }

    /// <summary>Moves the finished folder to its place.</summary>
    public void Publish()
    {
        if (Directory.Exists(output)) Directory.Move(output, replaced);
        Directory.Move(Temporary, output);
        IsKept = false;
        Delete(replaced);
    }

    public void Dispose()
    {
        using (gate)
        {
            if (!IsKept) TryDelete();
        }
    }

    // What has gone wrong before is the better message; what stays is cleared by the next run.
    private void TryDelete()
    {
        try
        {
            File.Delete(Journal);
            Delete(Temporary);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
        }
    }

    // Hidden names that nobody gives to a folder of their own: these are deleted without asking.
    private static string Beside(string output, string ending) =>
        Path.Combine(Path.GetDirectoryName(output) ?? "", $".{Path.GetFileName(output)}{ending}");

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
