using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>
/// The hold on a run's folder: run.lock, which one process has open alone while it trains, and run.id, a number that it wrote, by which the other ranks know the folder again.
/// Both can go while a process still holds what was there: a hold counts only as long as the paths lead to what was taken.
/// </summary>
internal sealed class RunLock : IDisposable
{
    // .NET opens no file that another process holds alone, so that what the other ranks read is not in the lock itself.
    private const string LockFile = "run.lock", KeyFile = "run.id";

    private const int MaxKeyBytes = 64;

    // A look whether a folder is held takes the lock for a moment.
    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string folder;
    private readonly FileStream? held;
    private readonly string? place;

    private RunLock(string folder, FileStream? held, long key) => (this.folder, this.held, Key, place) = (folder, held, key, PlaceOf(held));

    /// <summary>A number, below 2⁴⁸, that the holder wrote into the folder: who reads the same one sees the same folder.</summary>
    public long Key { get; }

    /// <summary>Holds a folder, which is there, until disposed.</summary>
    /// <exception cref="IOException">Another process holds it (<see cref="IoFailure.IsLocked"/>), or it cannot be written; also where a pipe or a device is in the place of a file.</exception>
    public static RunLock Take(string folder)
    {
        for (int attempt = 1; ; attempt++)
        {
            FileStream? held = null;
            try
            {
                RegularFile.RequireNamed(Path.Combine(folder, LockFile));
                RegularFile.RequireNamed(Path.Combine(folder, KeyFile));
                held = new FileStream(Path.Combine(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                long key = Random.Shared.NextInt64(1L << 48);
                File.WriteAllText(Path.Combine(folder, KeyFile), key.ToString(CultureInfo.InvariantCulture));
                return new(folder, held, key);
            }
            catch (IOException e) when (held is null && IoFailure.IsLocked(e) && attempt < Attempts)
            {
                Thread.Sleep(Pause);
            }
            catch
            {
                held?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Reads the number of a folder that another process holds.</summary>
    /// <exception cref="IOException">There is no such file, or it is none of this kind.</exception>
    /// <exception cref="FormatException">It holds no number.</exception>
    public static RunLock Join(string folder) => new(folder, null, long.Parse(RegularFile.ReadAllText(Path.Combine(folder, KeyFile), MaxKeyBytes), CultureInfo.InvariantCulture));

    /// <summary>True while a process holds a folder: the system releases it whatever ends the process. A lock that cannot be looked at is held by nobody.</summary>
    public static bool IsHeld(string folder)
    {
        try
        {
            RegularFile.Require(Path.Combine(folder, LockFile));
            // Shared among those who look.
            new FileStream(Path.Combine(folder, LockFile), FileMode.Open, FileAccess.Read, FileShare.Read).Dispose();
            return false;
        }
        catch (IOException e)
        {
            return IoFailure.IsLocked(e);
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Says what has become of the folder, or of its lock, that was taken; null while the paths lead to it. A file system that does not answer for now is no loss.
    /// </summary>
    public string? Loss()
    {
        if (PlaceOf(held) is { } now && now != place)
            return now.EndsWith(" (deleted)", StringComparison.Ordinal) ? $"its {LockFile} was deleted" : $"its {LockFile} was moved to {now}";
        try
        {
            return RegularFile.ReadAllText(Path.Combine(folder, KeyFile), MaxKeyBytes) == KeyText ? null : $"another start has written its {KeyFile}";
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return File.Exists(Path.Combine(folder, LockFile)) ? null : $"its {LockFile} is gone";
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            return null;
        }
    }

    /// <summary>True where a path leads to the folder that is held.</summary>
    public bool IsAlso(string path)
    {
        try
        {
            return RegularFile.ReadAllText(Path.Combine(path, KeyFile), MaxKeyBytes) == KeyText;
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            return false;
        }
    }

    /// <summary>Releases the folder.</summary>
    public void Dispose() => held?.Dispose();

    private string KeyText => Key.ToString(CultureInfo.InvariantCulture);

    // The path of an open file as the kernel knows it, whatever was done to it since (proc(5), /proc/pid/fd); elsewhere run.id must do.
    private static string? PlaceOf(FileStream? file) =>
        file is null || !OperatingSystem.IsLinux() ? null : new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}")).LinkTarget;
}
