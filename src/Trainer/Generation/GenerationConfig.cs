using System.ComponentModel.DataAnnotations;
using SparkTrain.Generation;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;

namespace SparkTrain.Trainer;

/// <summary>What the model is to write while it trains, and how often.</summary>
public sealed record GenerationConfig
{
    /// <summary>Texts to continue; none asks for nothing.</summary>
    [MaxLength(100)]
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Steps from one time to the next; before the first step and after the last one it always writes. 0 turns it off.</summary>
    [Range(0, 1_000_000_000)]
    public long EverySteps { get; init; } = 500;

    /// <summary>Tokens to generate at most.</summary>
    [Range(1, 65_536)]
    public int MaxTokens { get; init; } = 64;

    /// <summary>Randomness; 0 always takes the most probable token.</summary>
    [Range(0.0, 1e6)]
    public double Temperature { get; init; } = 0.8;

    /// <summary>Tokens are drawn from the most probable ones that together reach this probability.</summary>
    [Range(1e-6, 1.0)]
    public double TopP { get; init; } = 0.95;

    /// <summary>Seed of the draws, the same at every step: what differs between two steps is the model. The n-th prompt, from 0 on, has the seed plus n.</summary>
    [Range(0, long.MaxValue - 100)]
    public long Seed { get; init; }

    /// <summary>True where there is something to write.</summary>
    public bool IsOn() => Prompts.Count > 0 && EverySteps > 0;

    /// <summary>Says which prompt a model cannot continue, and why; null where it can continue all.</summary>
    public (string Key, string Message)? ProblemWith(ITokenizer tokenizer, ModelConfig model)
    {
        foreach (var (index, prompt) in Prompts.Index())
            if (tokenizer.EncodeFromStart(prompt).Count is var count && (count < 1 || count >= model.MaxSeqLen))
                return ($"Generation.Prompts[{index}]", $"is {count} tokens long; it must be 1 to {model.MaxSeqLen - 1}, which is Model.MaxSeqLen less one.");
        return null;
    }

    /// <summary>How tokens are drawn behind a prompt.</summary>
    internal SamplingOptions Sampling(int prompt) => new() { Temperature = Temperature, TopP = TopP, Seed = Seed + prompt };
}
