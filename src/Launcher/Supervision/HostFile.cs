using System.Globalization;
using System.Text.RegularExpressions;
using SparkTrain.Configuration;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>
/// Reads the machines of a job, one a line, as Open MPI (<c>node1 slots=8</c>), MPICH (<c>node1:8</c>) or schedulers write them: a name alone takes a rank for each line that it stands on,
/// as in $PBS_NODEFILE. A name may be <c>user@host</c>; # begins a comment.
/// </summary>
internal static partial class HostFile
{
    // DNS has names of 253 letters at most.
    private const int MostLetters = 253, MostRanks = 1_000_000;
    private const int MaxBytes = 16 << 20;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, a line is not understood, or no machine is there.</exception>
    public static IReadOnlyList<RankHost> Read(string path)
    {
        string[] lines;
        try
        {
            lines = RegularFile.ReadAllText(path, MaxBytes).ReplaceLineEndings("\n").Split('\n');
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new ConfigurationException(path, $"it cannot be read ({e.Reason()})", "a file with one machine a line", "correct the path after --hostfile");
        }
        List<RankHost> hosts = [];
        foreach (var (index, line) in lines.Index())
        {
            string text = line.Split('#')[0].Trim();
            if (text.Length == 0) continue;
            var match = Line().Match(text);
            var (name, number) = (match.Groups["name"].Value, match.Groups["slots"]);
            int slots = 1;
            if (!match.Success || name.Length > MostLetters || number.Success && (!int.TryParse(number.Value, NumberStyles.None, CultureInfo.InvariantCulture, out slots) || slots is 0 or > MostRanks))
                throw new ConfigurationException(string.Create(CultureInfo.InvariantCulture, $"{path}:{index + 1}"), $"'{Shown(text)}' is not a machine with its number of ranks", $"node1 slots=8, node1:8, or a name alone for a rank a line; at most {MostRanks} ranks, names of at most {MostLetters} letters", "say for each machine how many ranks it takes");
            int known = hosts.FindIndex(host => host.Name == name);
            if (known < 0) hosts.Add(new(name, slots));
            else hosts[known] = hosts[known] with { Slots = hosts[known].Slots + slots };
            if (hosts.Sum(host => (long)host.Slots) > MostRanks) throw new ConfigurationException(path, $"its machines take more than {MostRanks} ranks", "as many as a job may have", "correct the numbers");
        }
        return hosts.Count > 0 ? hosts : throw new ConfigurationException(path, "no machine is there", "one machine a line: node1 slots=8", "name the machines");
    }

    /// <summary>Returns the machines that a number of ranks fills, one after the other, each with its ranks.</summary>
    /// <exception cref="ConfigurationException">They take fewer.</exception>
    public static IReadOnlyList<RankHost> Fill(string path, IReadOnlyList<RankHost> hosts, int ranks)
    {
        int room = hosts.Sum(host => host.Slots); // Read keeps it below a million
        if (ranks > room) throw new ConfigurationException(path, $"its machines take {room} ranks", $"room for --ranks {ranks}", "add machines or slots, or lower --ranks");
        List<RankHost> filled = [];
        foreach (var host in hosts)
        {
            int here = Math.Min(host.Slots, ranks - filled.Sum(h => h.Slots));
            if (here > 0) filled.Add(host with { Slots = here });
        }
        return filled;
    }

    private static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "…";

    // A name begins with no dash: it becomes an argument of mpiexec.
    [GeneratedRegex(@"^(?<name>([A-Za-z0-9_][A-Za-z0-9_.\-]*@)?[A-Za-z0-9_][A-Za-z0-9_.\-]*)(\s*:\s*(?<slots>\d+)|\s+(.*\s)?slots\s*=\s*(?<slots>\d+)(\s.*)?)?$")]
    private static partial Regex Line();
}
