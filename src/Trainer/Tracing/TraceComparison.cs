using System.Globalization;

namespace SparkTrain.Trainer;

/// <summary>Compares two runs step by step: every value as exact text, so that equal means equal bits.</summary>
public static class TraceComparison
{
    private const string NoLine = "no line";

    private static readonly (string Aspect, string What, Func<StepTrace, string> Text)[] OfInput =
    [
        ("samples", "the samples", line => Ranges(line.Samples)),
        ("tokens", "the hash of the samples' tokens", line => line.TokensHash),
    ];

    private static readonly (string Aspect, string What, Func<StepTrace, string> Text)[] OfBits =
    [
        ("losses", "loss and gradient norm", line => $"{Exact(line.Loss)} and {Exact(line.GradNorm)}"),
        ("moments", "the hashes of the optimizer's state", line => string.Join(" and ", line.OptimizerHashes.OrderBy(slot => slot.Key, StringComparer.Ordinal).Select(slot => $"{slot.Key} {slot.Value}"))),
        ("weights", "the hash of the weights", line => line.WeightsHash),
    ];

    /// <summary>Compares traces of steps 1 to <paramref name="steps"/>; a line that is missing, or one too many, differs.</summary>
    /// <param name="expected">The trace of the run that was not interrupted.</param>
    /// <param name="found">The other trace.</param>
    /// <param name="steps">The last step.</param>
    /// <param name="comparesBits">False compares only what the runs have read.</param>
    public static IReadOnlyList<RunAgreement> Of(IReadOnlyList<StepTrace> expected, IReadOnlyList<StepTrace> found, long steps, bool comparesBits) =>
        [.. (comparesBits ? [.. OfInput, .. OfBits] : OfInput).Select(aspect => Of(aspect.Aspect, aspect.What, Texts(expected, aspect.Text), Texts(found, aspect.Text), steps))];

    /// <summary>Compares the validations of two runs.</summary>
    public static RunAgreement OfValidation(IEnumerable<StepMetrics> expected, IEnumerable<StepMetrics> found) => Of("validation", "the validation loss", Validations(expected), Validations(found));

    private static RunAgreement Of(string aspect, string what, ILookup<long, string> expected, ILookup<long, string> found, long steps = 0)
    {
        long compared = 0;
        for (long step = 1; step <= steps; step++)
            if (!expected.Contains(step) && !found.Contains(step)) return new(aspect, compared, new(step, what, NoLine, NoLine));
        foreach (long step in expected.Concat(found).Select(lines => lines.Key).Distinct().Order())
        {
            compared++;
            var (a, b) = (Text(expected[step]), Text(found[step]));
            if (a != b) return new(aspect, compared, new(step, what, a, b));
        }
        return new(aspect, compared, null);
    }

    private static ILookup<long, string> Texts(IEnumerable<StepTrace> lines, Func<StepTrace, string> text) => lines.ToLookup(line => line.Step, text);

    private static ILookup<long, string> Validations(IEnumerable<StepMetrics> lines) =>
        lines.Where(line => line.ValLoss is not null).ToLookup(line => line.Step, line => $"{Exact(line.ValLoss!.Value)} ({Exact(line.ValBitsPerByte ?? double.NaN)} bits per byte)");

    private static string Text(IEnumerable<string> lines) => lines.Any() ? string.Join(", and again ", lines) : NoLine;

    // The shortest text that no other double has.
    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    // 4-7, 12-15: neighbours in rising order are one range.
    private static string Ranges(IReadOnlyList<long> samples)
    {
        List<string> ranges = [];
        for (int first = 0, next; first < samples.Count; first = next)
        {
            for (next = first + 1; next < samples.Count && samples[next] == samples[next - 1] + 1;) next++;
            ranges.Add(next - first == 1 ? FormattableString.Invariant($"{samples[first]}") : FormattableString.Invariant($"{samples[first]}-{samples[next - 1]}"));
        }
        return string.Join(", ", ranges);
    }
}
