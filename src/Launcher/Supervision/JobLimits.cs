namespace SparkTrain.Launcher.Supervision;

/// <summary>How long the supervisor waits for a job that does not go on.</summary>
/// <param name="Stall">Without a change of any rank; longer than the ranks wait for each other, since they know more.</param>
/// <param name="Deserted">For mpiexec to end once its ranks are gone.</param>
internal sealed record JobLimits(TimeSpan Stall, TimeSpan Deserted)
{
    /// <summary>The limits of a run whose ranks wait so long for each other.</summary>
    public static JobLimits Of(TimeSpan timeout) => new(timeout + TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
}
