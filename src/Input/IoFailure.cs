namespace SparkTrain.Input;

/// <summary>Words what goes wrong with files and folders; why one could not be written it tells by the system's number of the error.</summary>
public static class IoFailure
{
    // EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows; EROFS, ERROR_WRITE_PROTECT; ENOSPC, EDQUOT of Linux and of macOS, ERROR_DISK_FULL.
    private static readonly int[] Locked = [11, 35, Windows(32)], Unwritable = [30, Windows(19)], Full = [28, 122, 69, Windows(112)];

    /// <summary>True for what the system refuses or fails at with a file or folder.</summary>
    public static bool Is(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <summary>Returns what an exception tells, without its full stop, to stand inside of a sentence.</summary>
    public static string Reason(this Exception e) => e.Message.TrimEnd('.');

    /// <summary>True where a file could not be opened because another process holds it.</summary>
    public static bool IsLocked(IOException e) => Locked.Contains(e.HResult);

    /// <summary>Words what was expected, and what to do.</summary>
    /// <param name="e">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> of writing.</param>
    public static (string Expected, string Do) Explain(Exception e) => e switch
    {
        UnauthorizedAccessException => ("a place that this user may write", "correct its permissions"),
        _ when Unwritable.Contains(e.HResult) => ("a file system that is mounted for writing", "mount it for writing; where the system has made it read-only after errors of the disk, its log names them"),
        _ when Full.Contains(e.HResult) => ("a disk with room", "free space"),
        _ => ("a place with room that this user may write", "free space, or correct its permissions"),
    };

    private static int Windows(int error) => unchecked((int)0x8007_0000) | error;
}
