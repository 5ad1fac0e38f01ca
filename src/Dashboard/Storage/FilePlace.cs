using Microsoft.Win32.SafeHandles;

namespace SparkTrain.Dashboard;

/// <summary>Notices that a file which is open is no longer the one at its path: removed, moved, or another in its place. What is written to it then is lost with the process.</summary>
internal sealed class FilePlace : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly string link, place;

    /// <summary>Opens a file that is open elsewhere in the process. Closing it lets go of the process' POSIX locks on it: SQLite's connections must be closed before.</summary>
    /// <exception cref="IOException">There is no such file.</exception>
    public FilePlace(string path)
    {
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // The kernel keeps the name that the open file has now, and says where it has none any more (proc_pid_fd(5)).
        link = FormattableString.Invariant($"/proc/self/fd/{handle.DangerousGetHandle()}");
        place = Now();
    }

    /// <summary>True while the file is at its path.</summary>
    public bool IsInPlace => Now() == place;

    public void Dispose() => handle.Dispose();

    private string Now() => File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName ?? "";
}
