using System.Runtime.InteropServices;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>trace.jsonl of a run: proves what every step read and what it left, whatever the number of ranks. All ranks add and write; the file is rank 0's.</summary>
public sealed unsafe class RunTrace : IDisposable
{
    private readonly TrainState state;
    private readonly ICollectives ranks;
    private readonly StepLines<StepTrace>? lines;
    private readonly HashSum hash = new();
    // The samples, each in its place, and the hashes of tokens, weights and optimizer: every number comes from one rank, or is a part of a hash, so that the sum over the ranks is exact.
    private readonly double[] numbers;
    private readonly int samples;
    private int added;

    /// <summary>Opens the trace.</summary>
    /// <param name="path">The file.</param>
    /// <param name="resumeStep">The last step whose lines stay; null when nothing is resumed and the file begins anew.</param>
    /// <param name="samples">Samples of a step over all ranks.</param>
    /// <param name="state">What the steps change.</param>
    /// <param name="ranks">The ranks that train together.</param>
    public RunTrace(string path, long? resumeStep, int samples, TrainState state, ICollectives ranks)
    {
        (this.samples, this.state, this.ranks) = (samples, state, ranks);
        numbers = new double[samples + (2 + state.OptimizerSlots.Count) * HashSum.Parts];
        if (ranks.Rank == 0) lines = new(path, resumeStep, StepTrace.Json, line => line.Step);
    }

    /// <summary>Takes note of a batch that the loader has given this rank.</summary>
    public void Add(TokenBatch batch)
    {
        for (int row = 0; row < batch.Rows; row++)
        {
            long sample = batch.FirstSample + row;
            numbers[ranks.Rank * (samples / ranks.WorldSize) + added++] = sample;
            hash.Add(sample, MemoryMarshal.AsBytes(batch.Tokens.AsSpan(row * batch.Columns, batch.Columns)));
        }
    }

    /// <summary>Writes the line of the step that was just made.</summary>
    public void Write(StepMetrics metrics)
    {
        ranks.Report(metrics.Step, "trace");
        hash.MoveTo(Sum(0));
        foreach (var (index, part) in state.Saved(state.Shards).GroupBy(part => part.Prefix).Index())
        {
            foreach (var (_, range, values) in part) AddCells(range, values);
            hash.MoveTo(Sum(1 + index));
        }
        ranks.AllReduceSum(numbers);
        lines?.Write(new()
        {
            Step = metrics.Step,
            Loss = metrics.Loss!.Value,
            GradNorm = metrics.GradNorm!.Value,
            Samples = [.. numbers.Take(samples).Select(sample => (long)sample)],
            TokensHash = HashSum.Text(Sum(0)),
            WeightsHash = HashSum.Text(Sum(1)),
            OptimizerHashes = state.OptimizerSlots.Index().ToDictionary(slot => slot.Item, slot => HashSum.Text(Sum(2 + slot.Index))),
        });
        Array.Clear(numbers);
        added = 0;
    }

    /// <summary>Brings all lines to the disk; any thread may call it.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    public void FlushToDisk() => lines?.FlushToDisk();

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lines?.Dispose();
        hash.Dispose();
    }

    private Span<double> Sum(int index) => numbers.AsSpan(samples + index * HashSum.Parts, HashSum.Parts);

    // Shards are made of whole cells, whoever owns them.
    private void AddCells(FlatRange range, Tensor values)
    {
        using var scope = NewDisposeScope();
        using var memory = new TensorMemory();
        float* first = memory.Float32(values.cpu());
        for (long at = 0; at < range.Count; at += FlatRange.Cell)
            hash.Add((range.Begin + at) / FlatRange.Cell, new(first + at, sizeof(float) * (int)Math.Min(FlatRange.Cell, range.Count - at)));
    }
}
