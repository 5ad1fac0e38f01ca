using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Words how a job has ended, in the form where · found · expected · do.</summary>
internal static class JobReport
{
    private const string GoOn = "the same command goes on from the last complete checkpoint";

    /// <summary>Returns the report; null where the ranks have said all there is to say.</summary>
    /// <param name="end">How the job has ended.</param>
    /// <param name="limit">Seconds without a change after which it is taken for stalled.</param>
    public static string? Of(JobEnd end, TimeSpan limit) => end.Cause switch
    {
        EndCause.Stalled => Compose(end, Text($"no rank has gone on for {limit.TotalSeconds:0.#} s, and no rank has ended the job"), "a step from time to time",
            $"find out what holds the ranks up, or raise Distributed.TimeoutSeconds where they only need longer; {GoOn}"),
        EndCause.LauncherHung => Compose(end, "its ranks are gone, but the program that started them did not end", "that it ends with them",
            $"look at the network between the machines; {GoOn}"),
        EndCause.AskedAndKilled => Compose(end, "the ranks did not leave when asked to, and were killed", "that they save and leave",
            $"allow them more time with --grace where a checkpoint takes longer; {GoOn}"),
        EndCause.AskedEarly => null,
        _ when end.NobodyCame => Compose(end, Text($"no rank was ever heard; the program that started them ended with {Ending(end.LauncherCode)}"), "ranks that start",
            "run the command that the log names by hand, without --quiet"),
        // Other codes are those of ranks that have said why before they went.
        _ when end is { Code: ExitCodes.Environment, Lost: { } first } => Compose(end, Text($"{first.Name} was lost{(end.Ranks.Count(rank => rank.IsLost) > 1 ? " first" : "")}{Signal(end.LauncherCode)}"), "every rank at work until the run ends",
            $"find out what ended it (`dmesg` names processes that the system ended for want of memory); {GoOn}"),
        _ => null,
    };

    /// <summary>Describes an exit code of mpiexec: <c>exit code 137 (signal 9)</c>.</summary>
    public static string Ending(int code) => Text($"exit code {code}{(SignalOf(code) is { } signal ? Text($" (signal {signal})") : "")}");

    private static string Compose(JobEnd end, string found, string expected, string @do) =>
        Text($"job of {end.Ranks.Count} ranks: {found}{string.Concat(Places(end).Select(line => "\n    " + line))}.\n  expected: {expected}\n  do: {@do}");

    // A thousand ranks in one place are one line.
    private static IEnumerable<string> Places(JobEnd end) => end.NobodyCame ? [] : end.Ranks.GroupBy(rank => rank.Last is { } last ? (last.Status.Step, last.Status.Phase, last.Status.Call, last.Leaving, rank.IsLost) : default)
        .Select(group => Text($"{(group.Count() == 1 ? group.First().Name : "ranks " + Ranges(group))}: {group.MaxBy(rank => rank.Waiting ?? TimeSpan.Zero).Place}"));

    private static string Ranges(IEnumerable<RankSeen> ranks) =>
        string.Join(", ", ranks.Index().GroupBy(rank => rank.Item.Rank - rank.Index).Select(run => run.Count() == 1 ? Text($"{run.First().Item.Rank}") : Text($"{run.First().Item.Rank}-{run.Last().Item.Rank}")));

    private static string Signal(int code) => SignalOf(code) is { } signal ? Text($", ended by signal {signal}") : "";

    // Open MPI and shells add 128; hydra gives the number itself.
    private static int? SignalOf(int code) => code is > 128 and <= 128 + 64 ? code - 128 : code is 6 or 7 or 8 or 9 or 11 or 15 ? code : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
