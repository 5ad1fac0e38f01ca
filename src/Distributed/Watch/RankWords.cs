using System.Globalization;

namespace SparkTrain.Distributed;

/// <summary>Words what is wrong among the ranks of a host in the form where · found · expected · do.</summary>
/// <param name="topology">Where the ranks are.</param>
/// <param name="timeout">How long a rank may wait for the others.</param>
/// <param name="host">The ranks of the host.</param>
/// <param name="states">The states of their processes.</param>
/// <param name="now">The time, in milliseconds.</param>
internal sealed class RankWords(Topology topology, TimeSpan timeout, RankSighting[] host, ProcessState[] states, long now)
{
    private const string GoOn = "then run the same command again to go on from the last checkpoint";

    /// <summary>True where a rank's process is there and not stopped, as far as is known.</summary>
    public bool IsRunning(int local) => states[local] is ProcessState.Alive or ProcessState.Unknown;

    /// <summary>A rank's process has ended.</summary>
    public DistributedException Loss(int lost) => new(
        $"rank {host[lost].Rank}", $"its process {host[lost].Process.Id} is gone; it was last seen in {Place(lost)}", "every rank at work until the run ends",
        $"find out what ended it (`dmesg` names processes that the system ended for want of memory), {GoOn}");

    /// <summary>Two ranks have made different calls.</summary>
    public DistributedException Mismatch(int first, int second) => new(
        $"ranks {host[first].Rank} and {host[second].Rank}",
        $"collective call {host[first].Calls} is not the same on both: rank {host[first].Rank} is in {Place(first)}, rank {host[second].Rank} in {Place(second)}", "the same calls in the same order on every rank",
        "start every rank with the same program and the same configuration; if they were, this is a bug: report it with this message");

    /// <summary>A rank has waited too long in a collective call.</summary>
    public DistributedException Stall(int waiting)
    {
        var own = host[waiting];
        bool IsWithUs(int i) => IsRunning(i) && host[i].InCall && host[i].Calls == own.Calls;
        var others = Enumerable.Range(0, host.Length).Where(i => i != waiting).ToList();
        int[] withUs = [.. others.Where(IsWithUs).Select(i => host[i].Rank)], elsewhere = [.. Enumerable.Range(0, topology.WorldSize).Except(host.Select(seen => seen.Rank))];
        List<string> lines = [$"it has waited {Seconds(own.CallSince)} in collective call {own.Calls}, {own.Call}", .. others.Where(i => !IsWithUs(i)).Select(Absence)];
        if (withUs.Length > 0) lines.Add($"{Named(withUs)} of this host: in the same call");
        if (elsewhere.Length > 0) lines.Add($"{Named(elsewhere)}: on other hosts, not seen from here");
        return new($"rank {own.Rank}, step {own.Step}, {Phase(own)}", string.Join("\n    ", lines),
            $"every rank in this call within Distributed.TimeoutSeconds = {timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)}",
            $"find out what holds the missing ranks up, or raise Distributed.TimeoutSeconds where they only need longer; {GoOn}");
    }

    private string Absence(int missing)
    {
        string process = states[missing] switch
        {
            ProcessState.Gone => $"its process {host[missing].Process.Id} is gone; ",
            ProcessState.Stopped => $"its process {host[missing].Process.Id} is stopped; ",
            _ => "",
        };
        return $"rank {host[missing].Rank}: {process}last seen in {Place(missing)}{(host[missing].HasLeft ? ", and has left since" : "")}";
    }

    private string Place(int local)
    {
        var seen = host[local];
        return seen.InCall
            ? $"step {seen.Step}, {Phase(seen)}, collective call {seen.Calls}, {seen.Call}, for {Seconds(seen.CallSince)}"
            : $"step {seen.Step}, {Phase(seen)}, for {Seconds(Math.Max(seen.PhaseSince, seen.CallSince))}, after collective call {seen.Calls}";
    }

    private static string Phase(RankSighting seen) => seen.Phase.Length > 0 ? seen.Phase : "start";

    private string Seconds(long since) => string.Create(CultureInfo.InvariantCulture, $"{(now - since) / 1000.0:0.#} s");

    /// <summary>Names ranks, neighbours as a range: <c>ranks 0, 2-5</c>.</summary>
    internal static string Named(IReadOnlyList<int> ranks)
    {
        var ranges = ranks.Index().GroupBy(rank => rank.Item - rank.Index).Select(run => (First: run.First().Item, Last: run.Last().Item));
        return (ranks.Count == 1 ? "rank " : "ranks ") + string.Join(", ", ranges.Select(run => run.First == run.Last ? $"{run.First}" : $"{run.First}-{run.Last}"));
    }
}
