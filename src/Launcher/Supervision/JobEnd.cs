using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Why a job has ended.</summary>
internal enum EndCause
{
    /// <summary>By itself.</summary>
    Ended,

    /// <summary>The user asked for it.</summary>
    Asked,

    /// <summary>The user asked for it before every rank had been heard: there was nothing to save.</summary>
    AskedEarly,

    /// <summary>The user asked for it, and the ranks had to be killed.</summary>
    AskedAndKilled,

    /// <summary>No rank went on, and none of them ended the job.</summary>
    Stalled,

    /// <summary>The ranks were gone, and mpiexec was not.</summary>
    LauncherHung,
}

/// <summary>How a job has ended.</summary>
/// <param name="Cause">Why.</param>
/// <param name="LauncherCode">The exit code of mpiexec.</param>
/// <param name="Ranks">What was last known about the ranks.</param>
/// <param name="HasStepped">True where a rank had named a step.</param>
/// <param name="Signal">The number of the signal by which the user asked, or 0.</param>
internal sealed record JobEnd(EndCause Cause, int LauncherCode, IReadOnlyList<RankSeen> Ranks, bool HasStepped, int Signal = 0)
{
    private static readonly int[] OwnCodes = [ExitCodes.Done, ExitCodes.Bug, ExitCodes.Configuration, ExitCodes.Data, ExitCodes.Model, ExitCodes.Environment, ExitCodes.Guard, ExitCodes.SavedAndLeft];

    /// <summary>
    /// The exit code of the job. What ranks said comes first: hydra joins the codes of several ranks bit by bit, and mpiexec ends the others once one has left.
    /// What is none of ours (a signal, a lost machine) is <see cref="ExitCodes.Environment"/>.
    /// </summary>
    public int Code => Cause switch
    {
        EndCause.AskedEarly => ExitCodes.SavedAndLeft,
        EndCause.AskedAndKilled => 128 + Signal,
        EndCause.Stalled or EndCause.LauncherHung => Said ?? ExitCodes.Environment,
        _ when Said is > 0 and var said => said,
        _ => IsOwnCode && !NobodyCame ? LauncherCode : ExitCodes.Environment,
    };

    /// <summary>True where mpiexec's exit code is one that ranks end with; they have then said why.</summary>
    public bool IsOwnCode => OwnCodes.Contains(LauncherCode);

    /// <summary>True where mpiexec has failed before any rank was heard.</summary>
    public bool NobodyCame => LauncherCode != ExitCodes.Done && Ranks.All(rank => rank.Last is null);

    /// <summary>The rank that went first, where it went without a word: what others said or did came of that. Null where none was lost so.</summary>
    public RankSeen? Lost => Ranks.Where(rank => rank.Gone is not null).OrderByDescending(rank => rank.Gone).FirstOrDefault() is { IsLost: true } first ? first : null;

    /// <summary>The exit code that ranks have named, the first to leave with something else than 0 before the others; null where none has.</summary>
    public int? Said => Ranks.Where(rank => rank.Last?.Leaving is not null).OrderByDescending(rank => rank.Last!.Leaving > 0).ThenByDescending(rank => rank.Gone).FirstOrDefault().Last?.Leaving;
}
