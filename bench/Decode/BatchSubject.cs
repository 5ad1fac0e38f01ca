using System.Diagnostics;
using SparkTrain.Generation;
using SparkTrain.Inference;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>An engine with many sequences of random contents, a token of each of which is decoded at a time.</summary>
internal sealed class BatchSubject : IDisposable
{
    private readonly SparseEngine engine;
    private readonly DecodeSequence[] sequences;
    private readonly float[] logits;
    private readonly Random random = new(4);

    /// <summary>Packs a model of random weights, and fills the sequences.</summary>
    public BatchSubject(ModelConfig config, int threads, int batch, int context, int steps)
    {
        using (var weights = new RandomWeights(config, 1)) engine = SparseEngine.Load(weights, new() { Threads = threads });
        sequences = [.. Enumerable.Range(0, batch).Select(i => CacheFill.Begin(engine, context, steps, seed: i + 1))];
        logits = new float[(long)batch * config.VocabSize];
    }

    /// <summary>Decodes a token of each of the first sequences, a few times, and takes them back; returns tokens per second.</summary>
    public double Decode(int batch, int steps)
    {
        var (drawn, length) = (Enumerable.Range(0, steps).Select(_ => Draw(batch)).ToArray(), sequences[0].Length);
        long start = Stopwatch.GetTimestamp();
        foreach (var tokens in drawn) engine.Append(tokens, logits.AsSpan(0, batch * engine.Config.VocabSize));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (var sequence in sequences[..batch]) sequence.Truncate(length);
        return batch * steps / seconds;
    }

    /// <summary>Counts the neurons that a batch needs.</summary>
    public UnionPoint Union(int batch, int samples)
    {
        var (union, length) = (new ActiveUnion(engine), sequences[0].Length);
        for (int i = 0; i < samples; i++)
        {
            union.Append(Draw(batch));
            foreach (var sequence in sequences[..batch]) sequence.Truncate(length);
        }
        return new(batch, union.Measured, union.Independent);
    }

    /// <summary>Frees all.</summary>
    public void Dispose()
    {
        foreach (var sequence in sequences) sequence.Dispose();
        engine.Dispose();
    }

    private NewTokens[] Draw(int batch) => [.. sequences[..batch].Select(sequence => new NewTokens(sequence, new[] { random.Next(engine.Config.VocabSize) }))];
}
