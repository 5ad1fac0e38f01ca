using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Prints samples for people and for programs.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="listsTokens">True prints tokens in place of the text.</param>
/// <param name="printsJson">True prints a line of JSON for each.</param>
internal sealed class SampleView(Terminal terminal, bool listsTokens, bool printsJson)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Prints <paramref name="count"/> samples of a source from number <paramref name="first"/> on.</summary>
    public void Write(ISampleSource source, long first, long count)
    {
        var samples = source.Read(first, count);
        if (!printsJson && source.Legend.Count > 0)
        {
            foreach (string line in source.Legend) terminal.Out.WriteLine(line);
            terminal.Out.WriteLine();
        }
        foreach (var sample in samples)
        {
            if (printsJson) WriteJson(sample);
            else WriteText(sample);
        }
    }

    private void WriteText(ShownSample sample)
    {
        var (kind, index, step, source) = sample.Name;
        Heading(string.Create(CultureInfo.InvariantCulture,
            $"{kind} {index:N0}{(step is { } s ? $" | step {s:N0}" : "")} | {source} | {sample.Tokens:N0} tokens, {sample.Targets:N0} targets ({100.0 * sample.Targets / Math.Max(1, sample.Tokens - 1):F1} %)"), AnsiColor.Green);
        foreach (var (number, part) in sample.Parts.Index())
        {
            string[] remarks = [Count(part.Tokens.Count, "token"), .. (string[])(part.BeginsHere == false ? ["begins before"] : []), .. (string[])(part.EndsHere ? [] : ["goes on after"])];
            Heading($"── document {number + 1} of {sample.Parts.Count}: {string.Join(", ", remarks)}", AnsiColor.Yellow);
            if (listsTokens) WriteTokens(part);
            else terminal.Out.WriteLine(part.Marked);
        }
        if (sample.Padding > 0) Heading($"── padding: {Count(sample.Padding, "token")}", AnsiColor.Yellow);
        terminal.Out.WriteLine();
    }

    private void WriteTokens(ShownPart part)
    {
        foreach (var (i, token) in part.Tokens.Index())
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{part.Position + i,8}{token,9}  {part.Piece(token)}{(i == 0 ? "  (no target)" : "")}"));
    }

    private void WriteJson(ShownSample sample) => terminal.Out.WriteLine(JsonSerializer.Serialize(new
    {
        sample.Name.Index,
        sample.Name.Step,
        sample.Name.Source,
        sample.Targets,
        sample.Padding,
        Documents = sample.Parts.Select(part => new { part.Position, part.BeginsHere, part.EndsHere, part.Text, part.Tokens }),
    }, Json));

    private void Heading(string text, AnsiColor color) => terminal.WriteLine(text, color);

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");
}
