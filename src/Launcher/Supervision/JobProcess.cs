using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using SparkTrain.Input;
using SparkTrain.Native;

namespace SparkTrain.Launcher.Supervision;

/// <summary>The running mpiexec of a job with all that it has started on this machine. In a session of its own: Ctrl-C reaches only the supervisor.</summary>
internal sealed partial class JobProcess : IDisposable
{
    private const int Kill = 9, User1 = 10;
    private static readonly TimeSpan TimeToDie = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly string token;

    private JobProcess(Process process, string token) => (this.process, this.token) = (process, token);

    /// <summary>The number of the process.</summary>
    public int Id => process.Id;

    /// <summary>Its exit code; 128 + n where signal n ended it.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>Starts a job: output goes where this process's goes, input is empty.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="address">What the ranks find in their environment.</param>
    /// <exception cref="EnvironmentException">The program cannot be started.</exception>
    public static JobProcess Start(IReadOnlyList<string> command, SupervisorAddress address)
    {
        // The child of this process leads no group yet, so that setsid makes the session and becomes the program: the number stays the same.
        var start = new ProcessStartInfo("setsid", command) { RedirectStandardInput = true };
        foreach (var (name, value) in address.Variables) start.Environment[name] = value;
        // mpiexec gives ranks pseudo-terminals, and .NET greets terminals with escape codes.
        start.Environment["TERM"] = "dumb";
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new(process, address.Token);
        }
        catch (Win32Exception e)
        {
            throw new EnvironmentException("setsid", $"it cannot be started ({e.Reason()})", "util-linux's setsid, which gives the ranks a session of their own", "install it: apt-get install util-linux", e);
        }
    }

    /// <summary>Waits for the end; false where it has not come in time.</summary>
    public bool WaitForEnd(TimeSpan time) => process.WaitForExit(time);

    /// <summary>Asks the ranks to save and leave. Every mpiexec passes this signal on to them; after SIGTERM they would have a second to live. False where it is gone.</summary>
    public bool AskToLeave() => Send(process.Id, User1) == 0;

    /// <summary>Ends every process of the job on this machine and returns those that would not die.</summary>
    public IReadOnlyList<int> KillAll()
    {
        // Groups and sessions do not tell: Open MPI gives each rank a group, hydra a session of its own. All of them have inherited the token.
        var clock = Stopwatch.StartNew();
        IReadOnlyList<int> left;
        while ((left = Holders(token)).Count > 0 && clock.Elapsed < TimeToDie)
        {
            foreach (int id in left) _ = Send(id, Kill);
            process.WaitForExit(20);
        }
        process.WaitForExit(TimeToDie);
        return left;
    }

    public void Dispose() => process.Dispose();

    /// <summary>Finds the processes of this user that hold a job's token in their environment.</summary>
    internal static IReadOnlyList<int> Holders(string token)
    {
        byte[] wanted = System.Text.Encoding.UTF8.GetBytes($"{SupervisorAddress.TokenVariable}={token}\0");
        return [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0])).Where(Holds!).Select(name => int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture))];

        bool Holds(string name)
        {
            try
            {
                return File.ReadAllBytes($"/proc/{name}/environ").AsSpan().IndexOf(wanted) >= 0;
            }
            catch (Exception e) when (IoFailure.Is(e))
            {
                return false;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
