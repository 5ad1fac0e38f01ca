using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Generation;

/// <summary>A prompt and how it is to be continued.</summary>
/// <param name="Tokens">The prompt, at least one token.</param>
/// <param name="Settings">How.</param>
internal sealed record PromptRequest(IReadOnlyList<int> Tokens, GenerationSettings Settings)
{
    /// <summary>Returns what makes the prompt unfit for a model and what would fit; null where it fits.</summary>
    public (string Found, string Expected)? Problem(ModelConfig model) =>
        Tokens.Count < 1 || Tokens.Count >= model.MaxSeqLen ? ($"{Tokens.Count} tokens", $"1 to {model.MaxSeqLen - 1}, the model's length less one")
        : Tokens.FirstOrDefault(t => t < 0 || t >= model.VocabSize) is var token && (token < 0 || token >= model.VocabSize) ? ($"token {token}", $"0 to {model.VocabSize - 1}, the model's vocabulary")
        : null;

    /// <summary>Refuses a prompt that does not fit a model.</summary>
    /// <exception cref="DataException">It does not.</exception>
    public void Require(ModelConfig model, string where)
    {
        if (Problem(model) is var (found, expected)) throw new DataException(where, found, expected, "shorten or correct the prompt");
    }
}
