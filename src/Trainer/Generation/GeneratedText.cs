using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SparkTrain.Checkpoints;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>What a model wrote behind a prompt: a line of generated.jsonl.</summary>
/// <param name="Step">Optimizer updates that the model had.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Text">What follows it.</param>
public sealed record GeneratedText(long Step, string Prompt, string Text)
{
    private const int ShownCharacters = 120;

    internal static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Prompt and text on one line of a terminal, cut where they are long.</summary>
    [JsonIgnore]
    public string Shown
    {
        get
        {
            string line = $"{Visible.OnOneLine(Prompt)} → {Visible.OnOneLine(Text)}";
            return line.Length <= ShownCharacters ? line : line[..ShownCharacters] + "…";
        }
    }

    /// <summary>Reads what a run has written, which may be training meanwhile; nothing where there is no such file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public static IReadOnlyList<GeneratedText> Read(string path) => StepLines<GeneratedText>.ReadIfThere(path, Json, "texts that a run has written");

    /// <summary>The same, those of the last step only.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public static IReadOnlyList<GeneratedText> ReadLast(string path) => LastOf(Read(path));

    /// <summary>The same, where there is such a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="broken">Is given the number, from 1 on, of each line that is no text; but for the last, which may be half written.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static IReadOnlyList<GeneratedText> ReadLast(string path, Action<long> broken) => LastOf([.. StepLines<GeneratedText>.Read(path, Json, broken)]);

    private static IReadOnlyList<GeneratedText> LastOf(IReadOnlyList<GeneratedText> all) => [.. all.Where(text => text.Step == all[^1].Step)];
}
