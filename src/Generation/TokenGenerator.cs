using System.Diagnostics;

namespace SparkTrain.Generation;

/// <summary>Continues sequences, several side by side: a prompt joins as soon as another is done. None waits for or sees the others.</summary>
/// <param name="decoder">The model.</param>
/// <param name="ends">Tells the tokens behind which a continuation ends.</param>
/// <param name="batch">Sequences side by side.</param>
public sealed class TokenGenerator(IDecoder decoder, Func<int, bool> ends, int batch = 1)
{
    // Shapes: R running sequences, V vocabulary.

    // Long prompts go in by pieces, so that activations stay small and whoever wants to leave need not wait.
    private const int PrefillChunk = 512;

    private float[] logits_RV = [];

    /// <summary>Continues sequences up to one token that ends documents.</summary>
    public TokenGenerator(IDecoder decoder, int eosToken, int batch = 1) : this(decoder, token => token == eosToken, batch)
    {
    }

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
            foreach (var sequence in running) sequence.State.Dispose();
        }
    }

    private Running Start(Continuation continuation, CancellationToken stop)
    {
        var config = decoder.Config;
        int[] prompt = [.. continuation.Prompt];
        if (prompt.Length < 1 || prompt.Length >= config.MaxSeqLen)
            throw new ArgumentException($"the prompt has {prompt.Length} tokens; expected 1 to {config.MaxSeqLen - 1} (the model's length less one)");
        foreach (int token in prompt)
            if (token < 0 || token >= config.VocabSize) throw new ArgumentException($"the prompt holds token {token}; expected 0 to {config.VocabSize - 1}");
        var sampler = new Sampler(continuation.Sampling, prompt);
        int most = (int)Math.Min(continuation.MaxTokens, (long)config.MaxSeqLen - prompt.Length);
        long start = Stopwatch.GetTimestamp();
        var running = new Running(continuation, most, sampler, decoder.Begin(prompt.Length + most - 1));
        try
        {
            var logits_RV = Room(1);
            for (int first = 0; first < prompt.Length; first += PrefillChunk)
            {
                stop.ThrowIfCancellationRequested();
                decoder.Append([new(running.State, prompt.AsMemory(first, Math.Min(PrefillChunk, prompt.Length - first)))], logits_RV);
            }
            running.Take(logits_RV, ends);
            Speed.AddPrefill(prompt.Length, start);
            return running;
        }
        catch
        {
            running.State.Dispose();
            throw;
        }
    }

    private void Step(List<Running> running)
    {
        long start = Stopwatch.GetTimestamp();
        var logits_RV = Room(running.Count);
        decoder.Append([.. running.Select(r => new NewTokens(r.State, r.Last))], logits_RV);
        foreach (var (row, sequence) in running.Index()) sequence.Take(logits_RV.Slice(row * decoder.Config.VocabSize, decoder.Config.VocabSize), ends);
        Speed.AddDecoded(running.Count, start);
    }

    private Span<float> Room(int rows)
    {
        int length = checked(rows * decoder.Config.VocabSize);
        if (logits_RV.Length < length) logits_RV = new float[length];
        return logits_RV.AsSpan(0, length);
    }

    private static void RemoveFinished(List<Running> running)
    {
        foreach (var sequence in running.Where(r => r.Continuation.Finish is not null)) sequence.State.Dispose();
        running.RemoveAll(r => r.Continuation.Finish is not null);
    }

    private sealed record Running(Continuation Continuation, int Most, Sampler Sampler, ITokenSequence State)
    {
        private readonly int[] last = new int[1];

        /// <summary>The newest token, which the model has not seen yet.</summary>
        public ReadOnlyMemory<int> Last => last;

        public void Take(ReadOnlySpan<float> logits_V, Func<int, bool> ends) => Continuation.Add(last[0] = Sampler.Next(logits_V), ends(last[0]), Most);
    }
}
