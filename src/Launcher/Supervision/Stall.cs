namespace SparkTrain.Launcher.Supervision;

/// <summary>Finds jobs that do not go on and whose ranks have not noticed.</summary>
internal static class Stall
{
    /// <summary>
    /// True where no rank has changed its step, phase or call for longer than <paramref name="limit"/>, and some rank has been silent or in one collective call for as long.
    /// Long work without a call, such as making a large model, is no stall.
    /// </summary>
    public static bool IsIn(IReadOnlyList<RankSeen> ranks, TimeSpan limit) =>
        ranks.All(rank => rank.Unchanged > limit) && ranks.Any(rank => rank.Silent > limit || rank.Waiting > limit);

    /// <summary>True where every rank has been gone or silent for longer than <paramref name="patience"/> and some rank is known to have ended: nobody is left to train.</summary>
    public static bool IsDeserted(IReadOnlyList<RankSeen> ranks, TimeSpan patience) =>
        ranks.Any(rank => rank.Gone > patience) && ranks.All(rank => rank.Gone > patience || (rank.Last is not null && rank.Silent > patience));
}
