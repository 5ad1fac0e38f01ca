using System.Globalization;

namespace SparkTrain.Launcher.Verification;

/// <summary>A run that is stopped and resumed.</summary>
/// <param name="Ranks">Ranks until the stop.</param>
/// <param name="ResumeRanks">Ranks from then on.</param>
/// <param name="IsKilled">True ends it by SIGKILL at some moment after the step; false has it save and leave.</param>
/// <param name="ComparesBits">False compares only what it has read.</param>
internal sealed record Trial(int Ranks, int ResumeRanks, bool IsKilled, bool ComparesBits)
{
    /// <summary>Its row in the table.</summary>
    public string Title => $"{Count(Ranks)}, {(IsKilled ? "killed" : "stopped")}, resumed{(ResumeRanks == Ranks ? "" : $" on {Count(ResumeRanks)}")}";

    /// <summary>Its name as a run.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{(IsKilled ? "killed" : "stopped")}-{Ranks}-resumed-{ResumeRanks}");

    /// <summary>Words a number of ranks.</summary>
    public static string Count(int ranks) => ranks == 1 ? "1 rank" : string.Create(CultureInfo.InvariantCulture, $"{ranks} ranks");
}
