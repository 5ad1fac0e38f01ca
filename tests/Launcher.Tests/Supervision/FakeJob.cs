using SparkTrain.Launcher.Supervision;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Supervision;

/// <summary>A job of shell scripts in a folder of its own, which behave as told and train nothing.</summary>
internal sealed class FakeJob : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly StringWriter error = new();
    private readonly JobSupervisor supervisor;

    /// <summary>Makes a job with one behaviour of fake-rank.sh for each rank.</summary>
    public FakeJob(string behaviours, int restarts = 0, string? mpiexec = null, double graceSeconds = 20, double stallSeconds = 20)
    {
        string[] each = behaviours.Split(' ');
        var terminal = new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, error);
        supervisor = new(new(each.Length, [], mpiexec, restarts, TimeSpan.FromSeconds(graceSeconds), null),
            ["bash", Path.Combine(AppContext.BaseDirectory, "Supervision", "fake-rank.sh"), Folder, .. each],
            new(TimeSpan.FromSeconds(stallSeconds), TimeSpan.FromSeconds(5)), NewestCheckpoint, new(terminal, Path.Combine(Folder, "log")));
    }

    /// <summary>The folder of the run.</summary>
    public string Folder => temporary.Path;

    /// <summary>What the supervisor has said.</summary>
    public string Said => error.ToString();

    /// <summary>What it has written down.</summary>
    public string Log => File.ReadAllText(Path.Combine(Folder, "log", "supervisor.log"));

    /// <summary>How often ranks were started.</summary>
    public int Starts => Lines("starts");

    /// <summary>The processes whose command line names this job's folder.</summary>
    public IReadOnlyList<string> Processes => [.. Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Select(CommandLine).Where(line => line.Contains(Folder, StringComparison.Ordinal))];

    /// <summary>Runs the job to its end.</summary>
    public int Run() => supervisor.Run();

    /// <summary>Runs the job, and does something once the supervisor has heard of so many ranks.</summary>
    public int RunAnd(int ranks, Action then)
    {
        var run = Task.Run(Run);
        Patience.Until(() => Lines("heard") >= ranks || run.IsCompleted);
        Assert.False(run.IsCompleted, Said);
        then();
        return Patience.For(run, "the end of the job", () => Said).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        error.Dispose();
        temporary.Dispose();
    }

    private int Lines(string name) => File.Exists(temporary[name]) ? File.ReadAllLines(temporary[name]).Length : 0;

    private string? NewestCheckpoint() => Directory.Exists(Path.Combine(Folder, "checkpoints"))
        ? Directory.GetDirectories(Path.Combine(Folder, "checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
