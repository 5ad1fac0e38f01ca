namespace SparkTrain.Data;

/// <summary>Makes a data set's folder appear whole or not at all: it is built beside its place and renamed when finished.</summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string output, replaced;
    private readonly FileStream gate;

    private OutputFolder(string output, FileStream gate)
    {
        (this.output, this.gate) = (output, gate);
        (Temporary, replaced) = (Beside(output, "preparing"), Beside(output, "replaced"));
        // What a killed run left behind: an unfinished folder, and perhaps the old data set half-way through the exchange.
        Delete(Temporary);
        if (Directory.Exists(replaced) && !Directory.Exists(output)) Directory.Move(replaced, output);
        Delete(replaced);
        Directory.CreateDirectory(Temporary);
    }

    /// <summary>The folder to build in.</summary>
    public string Temporary { get; }

    /// <summary>
    /// Claims the place <paramref name="path"/>. Throws <see cref="DataException"/> where something else is there or another run is making
    /// it.
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
            return new OutputFolder(output, new FileStream(Beside(output, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite,
                FileShare.None, 1, FileOptions.DeleteOnClose));
        }
        catch (IOException e)
        {
            throw new DataException(Beside(output, "lock"), $"it cannot be locked ({e.Message.TrimEnd('.')})",
                "no other prepare for this folder", "wait for it, or choose another --output", e);
        }
    }

    /// <summary>Moves the finished folder to its place.</summary>
    public void Publish()
    {
        if (Directory.Exists(output)) Directory.Move(output, replaced);
        Directory.Move(Temporary, output);
        Delete(replaced);
    }

    public void Dispose()
    {
        Delete(Temporary);
        gate.Dispose();
    }

    // Hidden names that nobody gives to a folder of their own: these are deleted without asking.
    private static string Beside(string output, string purpose) =>
        Path.Combine(Path.GetDirectoryName(output) ?? "", $".{Path.GetFileName(output)}.sparktrain-{purpose}");

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
