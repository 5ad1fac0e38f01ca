using System.Diagnostics;

namespace SparkTrain.Model;

/// <summary>Continues sequences, several side by side: a prompt joins as soon as another is done. Each has its own cache, so that none waits for or sees the others.</summary>
/// <param name="model">The model.</param>
/// <param name="eosToken">The token that ends a document.</param>
/// <param name="batch">Sequences side by side.</param>
public sealed class TokenGenerator(SparkTransformer model, int eosToken, int batch = 1)
{
    // Shapes: R running sequences, T tokens of a piece of a prompt, V vocabulary.

    // Long prompts go in by pieces, so that activations stay small.
    private const int PrefillChunk = 512;

    /// <summary>How fast it goes.</summary>
    public GenerationSpeed Speed { get; } = new();

    /// <summary>Yields a sequence whenever it has one token more; prompts are taken as places become free.</summary>
    /// <exception cref="ArgumentException">A prompt is empty, too long, or holds a token outside the vocabulary; or an option is out of range.</exception>
    /// <exception cref="NotFiniteNumberException">The model computes a number that is not finite.</exception>
    /// <exception cref="OperationCanceledException">The caller wants to leave.</exception>
    public IEnumerable<Continuation> Run(IEnumerable<Continuation> waiting, CancellationToken stop = default)
    {
        using var next = waiting.GetEnumerator();
        var running = new List<Running>();
        try
        {
            while (true)
            {
                while (running.Count < batch && next.MoveNext())
                {
                    running.Add(Start(next.Current, stop));
                    yield return next.Current;
                    RemoveFinished(running);
                }
                if (running.Count == 0) yield break;
                stop.ThrowIfCancellationRequested();
                Step(running);
                foreach (var sequence in running) yield return sequence.Continuation;
                RemoveFinished(running);
            }
        }
        finally
        {
            foreach (var sequence in running) sequence.Cache.Dispose();
        }
    }

    private Running Start(Continuation continuation, CancellationToken stop)
    {
        var (config, prompt) = (model.Config, continuation.Prompt);
        if (prompt.Count < 1 || prompt.Count >= config.MaxSeqLen)
            throw new ArgumentException($"the prompt has {prompt.Count} tokens; expected 1 to {config.MaxSeqLen - 1} (the model's length less one)");
        foreach (int token in prompt)
            if (token < 0 || token >= config.VocabSize) throw new ArgumentException($"the prompt holds token {token}; expected 0 to {config.VocabSize - 1}");
        var sampler = new Sampler(continuation.Sampling, prompt);
        int most = (int)Math.Min(continuation.MaxTokens, (long)config.MaxSeqLen - prompt.Count);
        long start = Stopwatch.GetTimestamp();
        var running = new Running(continuation, most, sampler, new KeyValueCache(config, batch: 1, capacity: prompt.Count + most - 1, model.Options));
        try
        {
            float[] logits_V = [];
            foreach (int[] piece_T in prompt.Chunk(PrefillChunk))
            {
                stop.ThrowIfCancellationRequested();
                logits_V = Decode(piece_T, [running.Cache]);
            }
            running.Take(logits_V, eosToken);
            Speed.AddPrefill(prompt.Count, start);
            return running;
        }
        catch
        {
            running.Cache.Dispose();
            throw;
        }
    }

    private void Step(List<Running> running)
    {
        long start = Stopwatch.GetTimestamp();
        float[] logits_RV = Decode([.. running.Select(r => r.Continuation.Tokens[^1])], [.. running.Select(r => r.Cache)]);
        foreach (var (row, sequence) in running.Index()) sequence.Take(logits_RV.AsSpan(row * model.Config.VocabSize, model.Config.VocabSize), eosToken);
        Speed.AddDecoded(running.Count, start);
    }

    // The logits of each sequence's last token; all have the same number of new tokens.
    private float[] Decode(int[] tokens, KeyValueCache[] caches)
    {
        using var scope = NewDisposeScope();
        var tokens_RT = tensor(Array.ConvertAll(tokens, t => (long)t), [caches.Length, tokens.Length / caches.Length], device: model.Options.Device);
        return model.Decode(tokens_RT, caches, lastOnly: true).to(ScalarType.Float32, CPU).data<float>().ToArray();
    }

    private static void RemoveFinished(List<Running> running)
    {
        foreach (var sequence in running.Where(r => r.Continuation.Finish is not null)) sequence.Cache.Dispose();
        running.RemoveAll(r => r.Continuation.Finish is not null);
    }

    private sealed record Running(Continuation Continuation, int Most, Sampler Sampler, KeyValueCache Cache)
    {
        public void Take(ReadOnlySpan<float> logits_V, int eosToken) => Continuation.Add(Sampler.Next(logits_V), eosToken, Most);
    }
}
