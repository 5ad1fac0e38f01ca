using System.Globalization;

namespace SparkTrain.Integration.Tests;

/// <summary>Runs Launcher.dll on ranks of several hosts that are network namespaces, joined by slow links. Needs root.</summary>
internal sealed class Hosts(string name)
{
    private static readonly string Script = Path.Combine(Cli.RepositoryFolder(), "scripts", "network-namespaces.sh");

    /// <summary>Names the hosts of tests that run on one machine at the same time apart.</summary>
    private readonly string prefix = string.Create(CultureInfo.InvariantCulture, $"{name}{Environment.ProcessId % 100_000}");

    public Started Start(Workplace work, int hosts, int ranksPerHost, params string[] arguments) => Cli.StartProgram(work.Folder, Script,
        ["--hosts", $"{hosts}", "--ranks", $"{ranksPerHost}", "--rate", "1gbit", "--prefix", prefix, "--", "dotnet", Cli.Launcher, .. arguments]);

    /// <summary>Starts the supervisor on the first host, with one rank on each.</summary>
    public Started StartSupervised(Workplace work, int hosts, params string[] arguments) => Cli.StartProgram(work.Folder, Script,
        ["--hosts", $"{hosts}", "--rate", "1gbit", "--prefix", prefix, "--once", "--", "sh", "-c", "exec dotnet \"$@\" --hostfile \"$HOSTFILE\"", "supervisor", Cli.Launcher, .. arguments]);

    public Outcome Run(Workplace work, int hosts, int ranksPerHost, params string[] arguments) => Cli.Finish(Start(work, hosts, ranksPerHost, arguments));

    /// <summary>Takes the link of a host down.</summary>
    public void CutOff(Workplace work, int host) => Link(work, host, "down");

    /// <summary>Brings the link of a host back.</summary>
    public void Rejoin(Workplace work, int host) => Link(work, host, "up");

    /// <summary>Kills all processes of a host at once.</summary>
    public void Kill(Workplace work, int host) => Assert.Equal(0, Cli.Program(work.Folder, "kill", ["-9", .. Processes(work, host)]).ExitCode);

    /// <summary>The ranks that run on a host.</summary>
    public string[] Ranks(Workplace work, int host) => [.. Processes(work, host).Where(process => CommandOf(process).Split('\0') is [var program, var launcher, ..] && Path.GetFileName(program) == "dotnet" && launcher == Cli.Launcher)];

    /// <summary>All processes of a host; none where the host is gone.</summary>
    public string[] Processes(Workplace work, int host) => Cli.Program(work.Folder, "ip", ["netns", "pids", $"{prefix}-{host}"]).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>True while the host is there.</summary>
    public bool Exists(int host) => File.Exists($"/run/netns/{prefix}-{host}");

    private void Link(Workplace work, int host, string state) => Assert.Equal(0, Cli.Program(work.Folder, "ip", ["-n", $"{prefix}-net", "link", "set", $"{prefix}-b{host}", state]).ExitCode);

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
