using SparkTrain.Generation;

namespace SparkTrain.Bench;

/// <summary>A request of the load, and what it is to be answered with.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="MaxTokens">Tokens at most.</param>
/// <param name="Sampling">How they are drawn.</param>
/// <param name="Streams">True for a stream.</param>
/// <param name="LeavesAfter">Events after which the client leaves; null for one that stays.</param>
internal sealed record ServeRequest(int[] Prompt, int MaxTokens, SamplingOptions Sampling, bool Streams, int? LeavesAfter)
{
    /// <summary>Draws requests: short prompts and long ones, greedy and random texts, whole answers and streams; some clients leave.</summary>
    /// <param name="count">How many.</param>
    /// <param name="vocabulary">Ids of prompts lie below this.</param>
    /// <param name="maxTokens">Tokens of a text at most.</param>
    /// <param name="maxPrompt">Tokens of a prompt at most.</param>
    /// <param name="leaving">Share of the clients that leave.</param>
    public static ServeRequest[] Draw(int count, int vocabulary, int maxTokens, int maxPrompt, double leaving)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            // One in four is long; the others are a line.
            int length = i % 4 == 0 ? random.Next(maxPrompt / 2, maxPrompt) : random.Next(2, Math.Min(40, maxPrompt));
            bool leaves = random.NextDouble() < leaving;
            return new ServeRequest([.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))], random.Next(maxTokens / 4, maxTokens + 1),
                new() { Temperature = i % 3 == 0 ? 0 : 0.8, TopP = 0.95, Seed = i }, leaves || i % 2 == 0, leaves ? random.Next(0, maxTokens / 4) : null);
        })];
    }

    /// <summary>Continues the prompt with nothing beside it, by the plainest loop.</summary>
    public List<int> Alone(IDecoder decoder, int eosToken)
    {
        float[] logits = new float[decoder.Config.VocabSize];
        var sampler = new Sampler(Sampling, Prompt);
        var tokens = new List<int>();
        using var sequence = decoder.Begin(Prompt.Length + MaxTokens);
        decoder.Append([new(sequence, Prompt)], logits);
        while (true)
        {
            tokens.Add(sampler.Next(logits));
            if (tokens[^1] == eosToken || tokens.Count == MaxTokens) return tokens;
            decoder.Append([new(sequence, new[] { tokens[^1] })], logits);
        }
    }
}
