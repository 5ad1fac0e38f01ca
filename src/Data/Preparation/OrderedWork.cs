using System.Collections.Concurrent;

namespace SparkTrain.Data;

/// <summary>
/// Work on a sequence that goes on in three places at once: one thread reads the sequence, all cores work on its items, and the caller takes the results in the order of the items.
/// </summary>
internal static class OrderedWork
{
    /// <summary>
    /// Returns the results of <paramref name="work"/>. A few items for every core are under way at a time, so memory stays bounded. An exception of <paramref name="items"/> comes after
    /// the results of all items before it. When the enumeration ends, whatever its end, nothing runs any more but work that had begun.
    /// </summary>
    public static IEnumerable<TResult> Run<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> work, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var running = new BlockingCollection<Task<TResult>>(2 * Environment.ProcessorCount);
        var reading = Task.Factory.StartNew(() => Read(items, work, running, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (var result in running.GetConsumingEnumerable(cancellation))
            {
                yield return result.GetAwaiter().GetResult();
                cancellation.ThrowIfCancellationRequested();
            }
            reading.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
            Task.WaitAny([reading], CancellationToken.None);   // its exception has been thrown, or another one is under way
        }
    }

    private static void Read<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> work, BlockingCollection<Task<TResult>> running, CancellationToken stop)
    {
        try
        {
            foreach (var item in items) running.Add(Task.Run(() => work(item), stop), stop);
        }
        finally
        {
            running.CompleteAdding();
        }
    }
}
