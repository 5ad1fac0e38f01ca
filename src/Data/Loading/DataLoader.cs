using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Hands one rank its training batches, read ahead on a thread of its own. A step takes a run of samples from one order, whatever the number of
/// ranks; the ranks' batches follow one another in it: batch b of rank r in step t holds start + ((t·world + r)·batches a step + b)·rows + [0, rows).
/// </summary>
public sealed class DataLoader : IDisposable
{
    private readonly Channel<TokenBatch> queue;
    private readonly ConcurrentQueue<TokenBatch> used = new();
    private TokenBatch? given;
    private readonly CancellationTokenSource stop = new();
    private readonly Thread thread;
    private readonly TrainingSamples samples;
    private readonly BatchMaker maker;
    private readonly int rows, rank, worldSize, batchesPerStep;
    private readonly long startSample;
    private long batches;

    /// <summary>Starts reading at sample <paramref name="startSample"/> of the run.</summary>
    public DataLoader(TrainingSamples samples, int rowsPerBatch, int rank = 0, int worldSize = 1, long startSample = 0, int batchesPerStep = 1, int prefetchBatches = 4)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(worldSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, worldSize);
        ArgumentOutOfRangeException.ThrowIfNegative(startSample);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchesPerStep, 1);
        (rows, this.rank, this.worldSize, this.startSample, this.batchesPerStep) = (rowsPerBatch, rank, worldSize, startSample, batchesPerStep);
        this.samples = samples;
        maker = new BatchMaker(samples.Data.Tokenizer, samples.Columns);
        queue = Channel.CreateBounded<TokenBatch>(new BoundedChannelOptions(prefetchBatches) { SingleReader = true, SingleWriter = true });
        thread = new Thread(ReadAhead) { IsBackground = true, Name = $"data loader of rank {rank}" };
        thread.Start();
    }

    /// <summary>
    /// The first global sample that no batch of any rank has held yet, when all ranks have made the same whole steps: where a resumed run starts.
    /// </summary>
    public long NextSample => startSample + (batches * rows * worldSize);

    /// <summary>Time that <see cref="Next"/> has waited for data so far, in <see cref="Stopwatch"/> ticks.</summary>
    public long WaitTicks { get; private set; }

    /// <summary>
    /// Returns the next batch, which holds until the next call: its arrays are then used again. Never ends. Rethrows what went wrong while reading, a <see cref="DataException"/> where a shard is damaged.
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
        if (given is not null) used.Enqueue(given);
        return given = batch;
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
                queue.Writer.WriteAsync(maker.Make(first, rows, samples.Read, used.TryDequeue(out var batchUsed) ? batchUsed : null), stop.Token).AsTask().GetAwaiter().GetResult();
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
