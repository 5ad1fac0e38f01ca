using System.Diagnostics;
using SparkTrain.Inference;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>An engine with a sequence of random contents, of which single tokens are decoded.</summary>
internal sealed class EngineSubject : IDisposable
{
    private readonly SparseEngine loaded;
    private readonly Dictionary<int, SparseEngine> engines = [];
    private readonly Random random = new(3);
    private readonly float[] logits;

    /// <summary>Packs a model of random weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="options">How it is held; the threads are chosen by sample.</param>
    /// <param name="capacity">Tokens of its sequence, and of those behind it that are decoded.</param>
    /// <param name="threads">The numbers of threads that will be asked for.</param>
    public EngineSubject(ModelConfig config, EngineOptions options, int capacity, IEnumerable<int> threads)
    {
        using (var weights = new RandomWeights(config, 1)) loaded = SparseEngine.Load(weights, options with { Threads = 1 });
        foreach (int count in threads.Distinct()) engines[count] = loaded.Sharing(count);
        Sequence = (DecodeSequence)loaded.Begin(capacity);
        logits = new float[config.VocabSize];
    }

    /// <summary>The sequence.</summary>
    public DecodeSequence Sequence { get; }

    /// <summary>Lets the sequence have so many tokens, at least as many as it has.</summary>
    public void Fill(int length) => CacheFill.Extend(loaded, Sequence, length, seed: 1);

    /// <summary>Decodes random tokens one by one, and takes them back; returns tokens per second.</summary>
    /// <param name="threads">Threads.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="isSparse">False computes what the masks drop as well.</param>
    public double Decode(int threads, int tokens, bool isSparse = true)
    {
        var (engine, length) = (With(threads, isSparse), Sequence.Length);
        int[] drawn = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(engine.Config.VocabSize))];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++) engine.Append([new(Sequence, drawn.AsMemory(i, 1))], logits);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Sequence.Truncate(length);
        return tokens / seconds;
    }

    /// <summary>Appends random tokens to an empty sequence; returns tokens per second.</summary>
    public double Prefill(int threads, int tokens, int atOnce, bool isSparse = true)
    {
        var engine = With(threads, isSparse);
        int[] drawn = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(engine.Config.VocabSize))];
        using var sequence = engine.Begin(tokens);
        long start = Stopwatch.GetTimestamp();
        for (int from = 0; from < tokens; from += atOnce) engine.Append([new(sequence, drawn.AsMemory(from, Math.Min(atOnce, tokens - from)))], logits);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Bytes that the next token must read.</summary>
    public DecodeTraffic Traffic(bool isSparse = true) => DecodeTraffic.Of(With(engines.Keys.First(), isSparse), Sequence);

    /// <summary>Frees all.</summary>
    public void Dispose()
    {
        Sequence.Dispose();
        foreach (var engine in engines.Values) engine.Dispose();
        loaded.Dispose();
    }

    private SparseEngine With(int threads, bool isSparse)
    {
        engines[threads].IsSparse = isSparse;
        return engines[threads];
    }
}
