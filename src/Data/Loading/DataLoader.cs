using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace SparkTrain.Data;

/// <summary>
/// Hands one rank its training batches, read ahead on a thread of its own. A step takes a run of samples from one order, whatever the number of
/// ranks; the ranks' batches follow one another in it: batch b of rank r in step t holds start + ((t·world + r)·batches a step + b)·rows + [0, rows).
/// </summary>
public sealed class DataLoader : IDisposable
{
    private readonly Channel<TokenBatch> queue;
    private readonly CancellationTokenSource stop = new();
    private readonly Thread thread;
    private readonly BatchReader reader;
    private readonly SampleOrder order;
    private readonly int rows, rank, worldSize, batchesPerStep;
    private readonly long startSample;
    private long batches;

    /// <summary>
    /// Starts reading at global sample <paramref name="startSample"/>. Throws <see cref="DataException"/> where <paramref name="split"/> is
    /// shorter than one sample of <paramref name="seqLen"/> + 1 tokens.
    /// </summary>
    public DataLoader(TokenSplit split, int seqLen, ulong seed, int rowsPerBatch, int rank = 0, int worldSize = 1, long startSample = 0,
        int batchesPerStep = 1, int prefetchBatches = 4, bool maskDocuments = true)
    {
        ArgumentNullException.ThrowIfNull(split);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(worldSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, worldSize);
        ArgumentOutOfRangeException.ThrowIfNegative(startSample);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchesPerStep, 1);
        (rows, this.rank, this.worldSize, this.startSample, this.batchesPerStep) = (rowsPerBatch, rank, worldSize, startSample, batchesPerStep);
        order = new SampleOrder(split, seqLen, seed);
        reader = new BatchReader(split, seqLen, maskDocuments);
        queue = Channel.CreateBounded<TokenBatch>(new BoundedChannelOptions(prefetchBatches) { SingleReader = true, SingleWriter = true });
        thread = new Thread(ReadAhead) { IsBackground = true, Name = $"data loader of rank {rank}" };
        thread.Start();
    }

    /// <summary>
    /// The first global sample that no batch of any rank has held yet, when all ranks have made the same whole steps: where a resumed run starts.
    /// </summary>
    public long NextSample => startSample + (batches * rows * worldSize);

    /// <summary>Samples in one pass over the split; NextSample / SamplesPerEpoch is the epoch.</summary>
    public long SamplesPerEpoch => order.SamplesPerEpoch;

    /// <summary>Time that <see cref="Next"/> has waited for data so far, in <see cref="Stopwatch"/> ticks.</summary>
    public long WaitTicks { get; private set; }

    /// <summary>
    /// Returns the next batch; never ends. Rethrows what went wrong while reading, a <see cref="DataException"/> where a shard is damaged.
    /// </summary>
    public TokenBatch Next()
    {
        ObjectDisposedException.ThrowIf(stop.IsCancellationRequested, this);
        if (!queue.Reader.TryRead(out var batch))
        {
            var start = Stopwatch.GetTimestamp();
            batch = Wait();
            WaitTicks += Stopwatch.GetTimestamp() - start;
        }
        batches++;
        return batch;
    }

    /// <summary>Stops reading and returns when the thread has ended.</summary>
    public void Dispose()
    {
        if (stop.IsCancellationRequested) return;
        stop.Cancel();
        thread.Join();
        stop.Dispose();
    }

    private TokenBatch Wait()
    {
        try
        {
            return queue.Reader.ReadAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (ChannelClosedException e) when (e.InnerException is { } cause)
        {
            ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    private void ReadAhead()
    {
        try
        {
            for (long step = 0, batch = 0; !stop.IsCancellationRequested; (step, batch) = batch + 1 < batchesPerStep ? (step, batch + 1) : (step + 1, 0))
            {
                var first = startSample + ((((step * worldSize) + rank) * batchesPerStep) + batch) * rows;
                queue.Writer.WriteAsync(reader.Read(first, rows, i => order[i]), stop.Token).AsTask().GetAwaiter().GetResult();
            }
        }
        catch (OperationCanceledException)
        {
            // Dispose asked for the end; nobody reads on.
        }
        catch (Exception e)
        {
            queue.Writer.Complete(e);
        }
    }
}
