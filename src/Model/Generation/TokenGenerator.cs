namespace SparkTrain.Model;

/// <summary>Continues a sequence of tokens, one at a time, with cached keys and values.</summary>
public static class TokenGenerator
{
    // Long prompts go in by pieces, so that activations stay small.
    private const int PrefillChunk = 512;

    /// <summary>Yields up to <paramref name="maxTokens"/> tokens that follow <paramref name="prompt"/>; ends after <paramref name="eosToken"/>, which is yielded, or when the model's length is reached.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">At least one token.</param>
    /// <param name="maxTokens">Tokens to yield at most.</param>
    /// <param name="eosToken">The token that ends a document.</param>
    /// <param name="options">How tokens are drawn.</param>
    /// <exception cref="ArgumentException">The prompt is empty, too long, or holds a token outside the vocabulary.</exception>
    public static IEnumerable<int> Generate(SparkTransformer model, IReadOnlyList<int> prompt, int maxTokens, int eosToken, SamplingOptions options)
    {
        var config = model.Config;
        if (prompt.Count < 1 || prompt.Count >= config.MaxSeqLen)
            throw new ArgumentException($"the prompt has {prompt.Count} tokens; expected 1 to {config.MaxSeqLen - 1} (the model's length less one)", nameof(prompt));
        if (prompt.FirstOrDefault(t => t < 0 || t >= config.VocabSize, -1) is var bad and not -1)
            throw new ArgumentException($"the prompt holds token {bad}; expected 0 to {config.VocabSize - 1}", nameof(prompt));
        return Continue(model, prompt, (int)Math.Min(maxTokens, (long)config.MaxSeqLen - prompt.Count), eosToken, new(options));
    }

    private static IEnumerable<int> Continue(SparkTransformer model, IReadOnlyList<int> prompt, int count, int eosToken, Sampler sampler)
    {
        if (count <= 0) yield break;
        using var cache = new KeyValueCache(model.Config, batch: 1, capacity: prompt.Count + count, model.Options);
        foreach (long[] chunk in prompt.Take(prompt.Count - 1).Select(t => (long)t).Chunk(PrefillChunk)) Decode(model, chunk, cache);
        int last = prompt[^1];
        for (int i = 0; i < count; i++)
        {
            last = sampler.Next(Decode(model, [last], cache));
            yield return last;
            if (last == eosToken) yield break;
        }
    }

    // The logits of the last token.
    private static float[] Decode(SparkTransformer model, long[] tokens, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var logits_BTV = model.Decode(tensor(tokens, [1, tokens.Length], device: model.Options.Device), cache, lastOnly: true);
        return [.. logits_BTV[0, -1].to(ScalarType.Float32, CPU).data<float>()];
    }
}
