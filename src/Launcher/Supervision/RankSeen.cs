using System.Globalization;

namespace SparkTrain.Launcher.Supervision;

/// <summary>What the supervisor knows about a rank.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="Last">Its last heartbeat, or null where none has come.</param>
/// <param name="Silent">Time since then, or since the job's start.</param>
/// <param name="Unchanged">Time since its step, phase or call changed, or since the job's start.</param>
/// <param name="Gone">Time since its connection was lost or it said that it leaves; null while it is connected, and before it ever was.</param>
internal readonly record struct RankSeen(int Rank, Heartbeat? Last, TimeSpan Silent, TimeSpan Unchanged, TimeSpan? Gone)
{
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

    /// <summary>True where it has gone without a word about its exit code.</summary>
    public bool IsLost => Gone is not null && Last?.Leaving is null;

    /// <summary>How long it has been in its collective call; null where it is in none.</summary>
    public TimeSpan? Waiting => Last is { Leaving: null, Status.Call: not null } ? Last.Status.InCall + Silent : null;

    /// <summary>Names the rank and its process: <c>rank 1 (process 4711 on node7)</c>.</summary>
    public string Name => Last is null ? Text($"rank {Rank}") : Text($"rank {Rank} (process {Last.Process} on {Last.Host})");

    /// <summary>Says what it was doing when it was heard last: <c>step 12, backward, in all-reduce for 3.1 s</c>, and how long before it was lost, or has been silent.</summary>
    public string Place => Last is not { } last ? "never heard of"
        : last.Leaving is { } code ? Text($"left with exit code {code}")
        : Text($"step {last.Status.Step}, {(last.Status.Phase.Length > 0 ? last.Status.Phase : "start")}{(last.Status.Call is { } call ? Text($", in {call} for {last.Status.InCall.TotalSeconds:0.#} s") : "")}{Age}");

    // Heartbeats come once a second: much may have happened since the last one.
    private string Age => Gone is { } gone ? Text($" ({(Silent - gone).TotalSeconds:0.0} s before that)") : Silent > Late ? Text($" ({Silent.TotalSeconds:0} s ago)") : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
