using System.Globalization;
using SparkTrain.Checkpoints;

namespace SparkTrain.Trainer;

/// <summary>The folder of a run, held by one process at a time: by rank 0, where there are several.</summary>
public sealed class RunFolder : IDisposable
{
    // .NET opens no file that another process holds alone, so that what the other ranks read is not in the lock itself.
    private const string LockFile = "run.lock", KeyFile = "run.id";

    // What the system says of a file that another process has locked: EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] Locked = [11, 35, unchecked((int)0x8007_0020)];

    private readonly FileStream? heldLock;

    private RunFolder(string path, FileStream? heldLock, long key) => (Path, this.heldLock, Key) = (path, heldLock, key);

    /// <summary>A number, below 2⁴⁸, that the holder wrote into the folder: who reads the same one sees the same folder.</summary>
    public long Key { get; }

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
    public bool IsHeld
    {
        get
        {
            try
            {
                if (File.Exists(In(LockFile))) new FileStream(In(LockFile), FileMode.Open, FileAccess.Read, FileShare.None).Dispose();
                return false;
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    /// <summary>What TensorBoard reads.</summary>
    public string TensorBoard => In("tensorboard");

    /// <summary>Names the folder of a run that other processes hold; opens and makes nothing.</summary>
    public static RunFolder Of(RunConfig config) => new(PathOf(config), null, 0);

    /// <summary>Names the folder of a run by its path, as another process sees it; opens and makes nothing.</summary>
    public static RunFolder At(string path) => new(path, null, 0);

    /// <summary>Opens the folder of a run, makes it when absent, and holds it until disposed. What interrupted saves have left in it is deleted.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written, or another process trains in it.</exception>
    public static RunFolder Open(RunConfig config)
    {
        string path = PathOf(config);
        try
        {
            Directory.CreateDirectory(path);
            var held = new FileStream(System.IO.Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var folder = new RunFolder(path, held, Sign(path, held));
            folder.Write(() => DurableFolder.Discard(folder.Model));
            new CheckpointStore(folder.Checkpoints).ClearUnfinished();
            return folder;
        }
        catch (IOException e) when (Locked.Contains(e.HResult))
        {
            throw new CheckpointException(path, $"the run folder is in use ({e.Message.TrimEnd('.')})", "one process a run", "wait for the other one, or choose another Run.Name", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
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
            return new(path, null, long.Parse(File.ReadAllText(System.IO.Path.Combine(path, KeyFile)), CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw NotShared(path, $"{Environment.MachineName} does not see the run folder that rank 0 has opened ({e.Message.TrimEnd('.')})", e);
        }
    }

    /// <summary>Words that a rank sees another folder than rank 0.</summary>
    public static CheckpointException NotShared(string path, string found, Exception? inner = null) =>
        new(path, found, "one folder that all hosts see under the same path", "set Run.Folder to a folder on a file system that all hosts share", inner);

    /// <summary>Writes into the folder what a run needs before its first step.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public T Write<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(Path, e);
        }
    }

    /// <inheritdoc cref="Write{T}(Func{T})"/>
    public void Write(Action write) => Write(() => { write(); return true; });

    /// <summary>Reads what a run has left in the folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be read.</exception>
    public T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(Path, $"the run folder cannot be read ({e.Message.TrimEnd('.')})", "a folder that this user may read", "correct its permissions", e);
        }
    }

    /// <summary>Releases the folder.</summary>
    public void Dispose() => heldLock?.Dispose();

    private static CheckpointException NotWritable(string path, Exception e) =>
        new(path, $"the run folder cannot be written ({e.Message.TrimEnd('.')})", "a folder with room that this user may write", "choose another Run.Folder, free space, or correct its permissions", e);

    private static long Sign(string path, FileStream held)
    {
        long key = Random.Shared.NextInt64(1L << 48);
        try
        {
            File.WriteAllText(System.IO.Path.Combine(path, KeyFile), key.ToString(CultureInfo.InvariantCulture));
            return key;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held.Dispose();
            throw NotWritable(path, e);
        }
    }

    private static string PathOf(RunConfig config) => System.IO.Path.GetFullPath(System.IO.Path.Combine(config.Folder, config.Name));

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
