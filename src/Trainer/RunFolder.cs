namespace SparkTrain.Trainer;

/// <summary>The folder of a run, held by the first rank of one run at a time.</summary>
public sealed class RunFolder : IDisposable
{
    private readonly FileStream? heldLock;

    private RunFolder(string path, FileStream? heldLock) => (Path, this.heldLock) = (path, heldLock);

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The resolved configuration.</summary>
    public string ConfigFile => In("config.json");

    /// <summary>The logged steps.</summary>
    public string MetricsFile => In("metrics.jsonl");

    /// <summary>The checkpoints.</summary>
    public string Checkpoints => In("checkpoints");

    /// <summary>The trained model, Hugging Face style, written at the end.</summary>
    public string Model => In("model");

    /// <summary>The tokenizer's files.</summary>
    public string Tokenizer => In("tokenizer");

    /// <summary>What guards leave behind when they stop a run.</summary>
    public string Crash => In("crash");

    /// <summary>Log files.</summary>
    public string Log => In("log");

    /// <summary>Opens the folder of a run that rank 0 holds, for another rank of the same run.</summary>
    /// <exception cref="CheckpointException">This host does not see the folder.</exception>
    public static RunFolder Join(RunConfig config)
    {
        string path = PathOf(config);
        if (Directory.Exists(path)) return new(path, null);
        throw new CheckpointException(path, $"there is no such folder on host {Environment.MachineName}, though rank 0 has made it on its own", "one run folder that every host sees", "put Run.Folder on a disk that all hosts share");
    }

    /// <summary>Opens the folder of a run, makes it when absent, and holds it until disposed.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written, or another process trains in it.</exception>
    public static RunFolder Open(RunConfig config)
    {
        string path = PathOf(config);
        try
        {
            Directory.CreateDirectory(path);
            return new(path, new(System.IO.Path.Combine(path, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException && !Directory.Exists(path)))
        {
            throw new CheckpointException(path, $"the run folder cannot be written ({e.Message.TrimEnd('.')})", "a folder that this user may write", "choose another Run.Folder, or correct its permissions", e);
        }
        catch (IOException e)
        {
            throw new CheckpointException(path, $"the run folder is in use ({e.Message.TrimEnd('.')})", "one process a run", "wait for the other one, or choose another Run.Name", e);
        }
    }

    /// <summary>Releases the folder.</summary>
    public void Dispose() => heldLock?.Dispose();

    private static string PathOf(RunConfig config) => System.IO.Path.GetFullPath(System.IO.Path.Combine(config.Folder, config.Name));

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
