using System.Globalization;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Verification;

/// <summary>Words what came of the trials: a table, and each trial's first difference.</summary>
internal static class ResumeReport
{
    private const string Equal = "ok", Different = "DIFFERENT", NotCompared = "-";

    /// <summary>Writes the report; returns true where nothing differs.</summary>
    /// <param name="results">The trials with what was compared.</param>
    /// <param name="output">Where to.</param>
    public static bool Write(IReadOnlyList<TrialResult> results, TextWriter output)
    {
        string[] aspects = [.. results.SelectMany(result => result.Agreements).Select(agreement => agreement.Aspect).Distinct()];
        string[][] rows = [["", .. aspects], .. results.Select(result => (string[])[result.Trial.Title, .. aspects.Select(aspect => Cell(result.Agreements.FirstOrDefault(agreement => agreement.Aspect == aspect)))])];
        int[] widths = [.. Enumerable.Range(0, aspects.Length + 1).Select(column => rows.Max(row => row[column].Length))];
        output.WriteLine();
        foreach (string[] row in rows)
            output.WriteLine(row[0].PadRight(widths[0]) + string.Concat(row.Skip(1).Zip(widths.Skip(1), (cell, width) => "  " + cell.PadLeft(width))));

        output.WriteLine();
        var different = results.Where(result => result.Agreements.Any(agreement => agreement.Difference is not null)).ToList();
        foreach (var result in different) WriteDifference(result, output);
        if (different.Count == 0) output.WriteLine(results.All(result => result.Trial.ComparesBits) ? "Equal to the last bit." : "Equal in all that was compared.");
        return different.Count == 0;
    }

    private static string Cell(RunAgreement? agreement) => agreement switch
    {
        { Difference: not null } => Different,
        { Compared: > 0 } => Equal,
        _ => NotCompared,
    };

    // The earliest one is the cause of those after it; of one step, the one in the order in which a difference spreads. The tensor tells where in the weights it is.
    private static void WriteDifference(TrialResult result, TextWriter output)
    {
        var differences = result.Agreements.Select(agreement => agreement.Difference).OfType<RunDifference>().OrderBy(difference => difference.Step).ToList();
        output.WriteLine($"{result.Trial.Title}: the first difference:");
        WriteDifference(differences[0], output);
        if (differences[^1] != differences[0] && result.Agreements[^1].Difference == differences[^1]) WriteDifference(differences[^1], output);
        if (differences[0].Step <= result.ResumedAfter) output.WriteLine("  The resumed part begins later: the run differs from itself already when it is not interrupted.");
    }

    private static void WriteDifference(RunDifference difference, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  step {difference.Step}: {difference.What}"));
        output.WriteLine($"    unbroken  {difference.Expected}");
        output.WriteLine($"    resumed   {difference.Found}");
    }
}
