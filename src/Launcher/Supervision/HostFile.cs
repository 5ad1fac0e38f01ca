using System.Globalization;
using System.Text.RegularExpressions;
using SparkTrain.Configuration;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Reads the machines of a job, one a line, as Open MPI (<c>node1 slots=8</c>) or MPICH (<c>node1:8</c>) writes them; # begins a comment.</summary>
internal static partial class HostFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, a line is not understood, or no machine is there.</exception>
    public static IReadOnlyList<RankHost> Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refuse(path, $"it cannot be read ({e.Message.TrimEnd('.')})", "a file with one machine a line", "correct the path after --hostfile");
        }
        List<RankHost> hosts = [];
        foreach (var (index, line) in lines.Index())
        {
            string text = line.Split('#')[0].Trim();
            if (text.Length == 0) continue;
            var match = Line().Match(text);
            if (!match.Success || !int.TryParse(match.Groups["slots"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int slots) || slots == 0)
                throw Refuse($"{path}:{index + 1}", $"'{text}' is not a machine with its number of ranks", "node1 slots=8, or node1:8", "say for each machine how many ranks it takes");
            hosts.Add(new(match.Groups["name"].Value, slots));
        }
        return hosts.Count > 0 ? hosts : throw Refuse(path, "no machine is there", "one machine a line: node1 slots=8", "name the machines");
    }

    /// <summary>Returns the machines that a number of ranks fills, one after the other, each with its ranks.</summary>
    /// <exception cref="ConfigurationException">They take fewer.</exception>
    public static IReadOnlyList<RankHost> Fill(string path, IReadOnlyList<RankHost> hosts, int ranks)
    {
        int room = hosts.Sum(host => host.Slots);
        if (ranks > room) throw Refuse(path, $"its machines take {room} ranks", $"room for --ranks {ranks}", "add machines or slots, or lower --ranks");
        List<RankHost> filled = [];
        foreach (var host in hosts)
        {
            int here = Math.Min(host.Slots, ranks - filled.Sum(h => h.Slots));
            if (here > 0) filled.Add(host with { Slots = here });
        }
        return filled;
    }

    private static ConfigurationException Refuse(string where, string found, string expected, string @do) => new($"{where}: {found}.\n  expected: {expected}\n  do: {@do}");

    // A name begins with no dash: it becomes an argument of mpiexec.
    [GeneratedRegex(@"^(?<name>[A-Za-z0-9_][A-Za-z0-9_.\-]*)(\s*:\s*(?<slots>\d+)|\s+(.*\s)?slots\s*=\s*(?<slots>\d+)(\s.*)?)$")]
    private static partial Regex Line();
}
