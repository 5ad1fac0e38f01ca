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

    public Outcome Run(Workplace work, int hosts, int ranksPerHost, params string[] arguments) => Cli.Finish(Start(work, hosts, ranksPerHost, arguments));

    /// <summary>Takes the link of a host down.</summary>
    public void CutOff(Workplace work, int host) => Assert.Equal(0, Cli.Program(work.Folder, "ip", ["-n", $"{prefix}-net", "link", "set", $"{prefix}-b{host}", "down"]).ExitCode);

    /// <summary>Kills all processes of a host at once.</summary>
    public void Kill(Workplace work, int host) => Assert.Equal(0, Cli.Program(work.Folder, "kill", ["-9", .. Processes(work, host)]).ExitCode);

    /// <summary>The ranks that run on a host.</summary>
    public string[] Ranks(Workplace work, int host) => [.. Processes(work, host).Where(process => CommandOf(process).StartsWith($"dotnet\0{Cli.Launcher}", StringComparison.Ordinal))];

    /// <summary>All processes of a host; none where the host is gone.</summary>
    public string[] Processes(Workplace work, int host) => Cli.Program(work.Folder, "ip", ["netns", "pids", $"{prefix}-{host}"]).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>True while the host is there.</summary>
    public bool Exists(int host) => File.Exists($"/run/netns/{prefix}-{host}");

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
