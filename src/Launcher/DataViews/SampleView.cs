using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Prints samples for people and for programs.</summary>
internal static class SampleView
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints a sample: a line about it, then each document under a rule that says what is there of it.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="what">What it is: a sample, or a document.</param>
    /// <param name="listsTokens">True prints ids and pieces in place of the text.</param>
    /// <param name="terminal">Where to.</param>
    public static void Write(ShownSample sample, string what, bool listsTokens, Terminal terminal)
    {
        int tokens = sample.Parts.Sum(part => part.Tokens.Count) + sample.Padding;
        terminal.Out.WriteLine(terminal.Colored(string.Create(CultureInfo.InvariantCulture,
            $"{what} {sample.Index:N0} | {sample.Source} | {tokens:N0} tokens, {sample.Targets:N0} targets ({100.0 * sample.Targets / Math.Max(1, tokens - 1):F1} %) | {Count(sample.Parts.Count, "document")}"), AnsiColor.Green));
        foreach (var (number, part) in sample.Parts.Index())
        {
            string[] remarks = [Count(part.Tokens.Count, "token"), .. (string[])(part.BeginsHere ? [] : ["begins before"]), .. (string[])(part.EndsHere ? [] : ["goes on after"])];
            terminal.Out.WriteLine(terminal.Colored($"── document {number + 1}: {string.Join(", ", remarks)}", AnsiColor.Yellow));
            if (!listsTokens) terminal.Out.WriteLine(part.Text);
            else
                foreach (int token in part.Tokens) terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{token,8}  {part.Piece(token)}"));
        }
        if (sample.Padding > 0) terminal.Out.WriteLine(terminal.Colored($"── padding: {Count(sample.Padding, "token")}", AnsiColor.Yellow));
        terminal.Out.WriteLine();
    }

    /// <summary>Prints a sample as one line of JSON.</summary>
    public static void WriteJson(ShownSample sample, TextWriter output) => output.WriteLine(JsonSerializer.Serialize(new
    {
        sample.Index,
        sample.Source,
        sample.Targets,
        sample.Padding,
        Documents = sample.Parts.Select(part => new { part.BeginsHere, part.EndsHere, part.Text, part.Tokens }),
    }, Json));

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");
}
