using System.Globalization;
using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>A question with answers to choose from.</summary>
/// <param name="Context">What stands before the answer.</param>
/// <param name="Choices">The answers, at least two.</param>
/// <param name="Gold">Index of the right one.</param>
public sealed record ChoiceQuestion(string Context, IReadOnlyList<string> Choices, int Gold);

/// <summary>Reads questions: one JSON object a line, <c>{"context": "…", "choices": ["…", "…"], "gold": 0}</c>.</summary>
public static class ChoiceReader
{
    /// <summary>Reads all lines of a file.</summary>
    /// <exception cref="DataException">There is no line, or one is not such an object.</exception>
    public static IReadOnlyList<ChoiceQuestion> Read(string file)
    {
        if (!File.Exists(file)) throw new DataException(file, "there is no such file", "JSON lines of questions", "check --choices");
        ChoiceQuestion[] questions = [.. TextLines.NotBlank(File.ReadLines(file)).Select(line => Parse(line.Line, string.Create(CultureInfo.InvariantCulture, $"{file}:{line.Number}")))];
        return questions.Length > 0 ? questions : throw new DataException(file, "it has no lines", "a question a line", "check --choices");
    }

    private static ChoiceQuestion Parse(string line, string where)
    {
        const string Expected = "{\"context\": \"…\", \"choices\": [\"…\", \"…\"], \"gold\": 0}";
        try
        {
            using var json = JsonText.Parse(line);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new FormatException($"it is a {root.ValueKind}");
            foreach (string field in (string[])["context", "choices", "gold"])
                if (!root.TryGetProperty(field, out _)) throw new FormatException($"there is no '{field}'");
            string[] choices = [.. root.GetProperty("choices").EnumerateArray().Select(e => e.GetString() is { Length: > 0 } choice ? choice : throw new FormatException("a choice is empty"))];
            int gold = root.GetProperty("gold").GetInt32();
            if (choices.Length < 2) throw new FormatException($"it has {choices.Length} choices");
            if (gold < 0 || gold >= choices.Length) throw new FormatException($"gold is {gold}, there are {choices.Length} choices");
            return new(root.GetProperty("context").GetString() ?? "", choices, gold);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new DataException(where, $"not a question ({e.Reason()})", Expected, "correct the line", e);
        }
    }
}
