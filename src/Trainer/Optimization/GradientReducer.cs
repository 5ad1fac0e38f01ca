using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>Reduces the gradients of a step bucket by bucket: after the backward pass, or while it goes on, on a thread of its own.</summary>
public sealed class GradientReducer : IDisposable
{
    private readonly GradientBuffer gradients;
    private readonly IReadOnlyList<FlatRange> buckets;
    private readonly BlockingCollection<FlatRange> queue = [];
    private readonly SemaphoreSlim reduced = new(0);
    private readonly Thread? thread;
    private ExceptionDispatchInfo? failure;
    private int posted;
    private bool isLastBackward;

    /// <summary>Starts the thread where reductions are to overlap the backward pass.</summary>
    public GradientReducer(GradientBuffer gradients, IReadOnlyList<FlatRange> buckets, bool overlaps)
    {
        (this.gradients, this.buckets) = (gradients, buckets);
        if (!overlaps) return;
        thread = new(Work) { IsBackground = true, Name = "gradient reduction" };
        thread.Start();
    }

    /// <summary>Begins the backward pass of the step's last micro-batch, which completes the gradients.</summary>
    public void Begin() => isLastBackward = true;

    /// <summary>Takes note that the backward pass has done with the gradients before <paramref name="end"/>.</summary>
    public void Complete(long end)
    {
        if (thread is null || !isLastBackward) return;
        for (; posted < buckets.Count && buckets[posted].End <= end; posted++) queue.Add(buckets[posted]);
    }

    /// <summary>Returns when all buckets of the step are reduced. Rethrows what failed on the thread.</summary>
    public void Finish()
    {
        if (thread is null)
        {
            foreach (var bucket in buckets) gradients.Reduce(bucket);
            return;
        }
        Complete(long.MaxValue);
        (posted, isLastBackward) = (0, false);
        foreach (var _ in buckets)
        {
            reduced.Wait();
            failure?.Throw();
        }
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        queue.CompleteAdding();
        // After a failure elsewhere it may wait for ranks that never come; the end of the process ends it then.
        if (thread?.Join(TimeSpan.FromSeconds(1)) == false) return;
        queue.Dispose();
        reduced.Dispose();
    }

    private void Work()
    {
        try
        {
            foreach (var bucket in queue.GetConsumingEnumerable())
            {
                gradients.Reduce(bucket);
                reduced.Release();
            }
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
            reduced.Release();
        }
    }
}
