using System.Globalization;
using System.Text.Json;
using SparkTrain.Input;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Evaluation;

/// <summary>Renders an evaluation for people.</summary>
internal static class EvaluationText
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Prints tables of losses, of losses by context, of accuracies, and the sparsity.</summary>
    public static void Write(EvaluationReport report, TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        Line($"{report.Model}");
        if (report.Losses.Count > 0)
        {
            Line($"\n  {"dataset",-24}{"targets",14}{"nats",10}{"perplexity",14}{"bits/byte",12}");
            foreach (var set in report.Losses.Concat(report.All is { } all ? [all] : []))
                Line($"  {set.Name,-24}{set.Targets,14:N0}{set.Nats,10:F4}{set.Perplexity,14:N2}{set.BitsPerByte,12:F4}");
            Line($"\n  {"tokens of context",-24}{"targets",14}{"nats",10}");
            foreach (var (from, to, targets, loss) in (report.All ?? report.Losses[0]).Loss.Buckets) Line($"  {(from == to ? $"{from}" : $"{from} to {to}"),-24}{targets,14:N0}{loss,10:F4}");
        }
        if (report.Choices.Count > 0)
        {
            Line($"\n  {"questions",-24}{"number",14}{"accuracy",18}{"a character",18}{"cut",8}");
            foreach (var set in report.Choices)
                Line($"  {set.Name,-24}{set.Answers.Count,14:N0}{Share(set.ByLikelihood),18}{Share(set.Normalised),18}{set.Cut,8:N0}");
        }
        Line($"\n  active FFN neurons by layer, %  {string.Join(' ', report.FfnActiveFraction.Select(f => (100 * f).ToString("F1", CultureInfo.InvariantCulture)))}");
        Line($"  keys kept by layer              {string.Join(' ', report.AttentionKept.Select(k => k.ToString("F1", CultureInfo.InvariantCulture)))}");
    }

    /// <summary>Writes the likelihoods of every choice, a question a line.</summary>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void WriteAnswers(IEnumerable<ChoiceResult> sets, string file) => WholeFile.Write(file, "--answers", writer =>
    {
        foreach (var (set, a) in sets.SelectMany(set => set.Answers.Select(a => (set.Name, a))))
            writer.WriteLine(JsonSerializer.Serialize(new { Set = set, a.LogLikelihoods, a.Prediction, a.NormalisedPrediction, a.Gold, a.IsCut }, Json));
    });

    private static string Share((double Accuracy, double? StandardError) share) =>
        share.Accuracy.ToString("F4", CultureInfo.InvariantCulture) + (share.StandardError is { } error ? string.Create(CultureInfo.InvariantCulture, $" ± {error:F4}") : "");
}
