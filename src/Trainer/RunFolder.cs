using System.Text;
using SparkTrain.Checkpoints;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>The folder of a run, held by one process at a time: by rank 0, where there are several.</summary>
public sealed class RunFolder : IDisposable
{
    private readonly RunLock? hold;

    private RunFolder(string path, RunLock? hold) => (Path, this.hold) = (path, hold);

    /// <summary>A number, below 2⁴⁸, that the holder wrote into the folder: who reads the same one sees the same folder.</summary>
    public long Key => hold?.Key ?? 0;

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>The resolved configuration.</summary>
    public string ConfigFile => In("config.json");

    /// <summary>The logged steps.</summary>
    public string MetricsFile => In("metrics.jsonl");

    /// <summary>What the model wrote while it trained, where Generation asks for it.</summary>
    public string GeneratedFile => In("generated.jsonl");

    /// <summary>The exact trace of the steps, where Logging.Trace asks for it.</summary>
    public string TraceFile => In("trace.jsonl");

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

    /// <summary>Every event of the run, as it is sent to whoever watches.</summary>
    public string Events => System.IO.Path.Combine(Log, "events.jsonl");

    /// <summary>What came of the run, for programs.</summary>
    public string Report => In("report.json");

    /// <summary>The same for people.</summary>
    public string ReportText => In("report.md");

    /// <summary>Its picture.</summary>
    public string ReportPicture => In("report.svg");

    /// <summary>True while a process holds the folder: the system releases it whatever ends the process.</summary>
    public bool IsHeld => RunLock.IsHeld(Path);

    /// <summary>What has become of the folder that was opened or joined, and is no longer at its path; null where it is there.</summary>
    public FolderLostException? Loss => hold?.Loss() is { } found ? new(Path, found) : null;

    /// <summary>What TensorBoard reads.</summary>
    public string TensorBoard => In("tensorboard");

    /// <summary>Names the folder of a run that other processes hold; opens and makes nothing.</summary>
    public static RunFolder Of(RunConfig config) => new(PathOf(config), null);

    /// <summary>Names the folder of a run by its path, as another process sees it; opens and makes nothing.</summary>
    public static RunFolder At(string path) => new(path, null);

    /// <summary>Opens the folder of a run, makes it when absent, and holds it until disposed. What interrupted saves have left in it is deleted.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written, or another process trains in it.</exception>
    public static RunFolder Open(RunConfig config)
    {
        string path = PathOf(config);
        try
        {
            Directory.CreateDirectory(path);
            var folder = new RunFolder(path, RunLock.Take(path));
            try
            {
                folder.Write(() => DurableFolder.Discard(folder.Model));
                new CheckpointStore(folder.Checkpoints).ClearUnfinished();
                return folder;
            }
            catch
            {
                folder.Dispose();
                throw;
            }
        }
        catch (IOException e) when (IoFailure.IsLocked(e))
        {
            throw new CheckpointException(path, $"the run folder is in use ({e.Reason()})", "one process a run", "wait for the other one, or choose another Run.Name", e);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw NotWritable(path, e);
        }
    }

    /// <summary>Opens the folder that rank 0 holds, on another rank.</summary>
    /// <exception cref="CheckpointException">The folder is not there.</exception>
    public static RunFolder Join(RunConfig config)
    {
        string path = PathOf(config);
        try
        {
            return new(path, RunLock.Join(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw NotShared(path, $"{Environment.MachineName} does not see the run folder that rank 0 has opened ({e.Reason()})", e);
        }
    }

    /// <summary>Words that a rank sees another folder than rank 0.</summary>
    public static CheckpointException NotShared(string path, string found, Exception? inner = null) =>
        new(path, found, "one folder that all hosts see under the same path", "set Run.Folder to a folder on a file system that all hosts share", inner);

    /// <summary>True where a path leads to this folder too, whatever it is called.</summary>
    public bool IsAlso(string path) => hold?.IsAlso(path) ?? false;

    /// <summary>Requires that the folder is still the one that was opened or joined; one that is only named passes.</summary>
    /// <exception cref="FolderLostException">It is not.</exception>
    public void RequireOwn()
    {
        if (Loss is { } loss) throw loss;
    }

    /// <summary>Writes files into the folder.</summary>
    /// <exception cref="FolderLostException">It is no longer the one that was opened.</exception>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public T Write<T>(Func<T> write)
    {
        RequireOwn();
        try
        {
            return write();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw NotWritable(Path, e);
        }
    }

    /// <inheritdoc cref="Write{T}(Func{T})"/>
    public void Write(Action write) => Write(() => { write(); return true; });

    /// <summary>Puts a small text file into the folder, whole or not at all, whenever the process or the machine dies.</summary>
    /// <inheritdoc cref="Write{T}(Func{T})" path="/exception"/>
    public void WriteText(string path, string text) => Write(() => DurableFolder.PublishFile(path, temporary => DurableFolder.WriteFile(temporary, Encoding.UTF8.GetBytes(text))));

    /// <summary>Reads what a run has left in the folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be read.</exception>
    public T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new CheckpointException(Path, $"the run folder cannot be read ({e.Reason()})", "a folder that this user may read", "correct its permissions", e);
        }
    }

    /// <summary>Releases the folder.</summary>
    public void Dispose() => hold?.Dispose();

    private static CheckpointException NotWritable(string path, Exception e)
    {
        var (expected, remedy) = IoFailure.Explain(e);
        return new(path, $"the run folder cannot be written ({e.Reason()})", expected, $"choose another Run.Folder, or {remedy}", e);
    }

    private static string PathOf(RunConfig config) => System.IO.Path.GetFullPath(System.IO.Path.Combine(config.Folder, config.Name));

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
