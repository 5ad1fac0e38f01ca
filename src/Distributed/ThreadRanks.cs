namespace SparkTrain.Distributed;

/// <summary>Ranks that are threads of one process: the collectives of a distributed run without a launcher, for tests and debugging.</summary>
public sealed class ThreadRanks : IDisposable
{
    private readonly Barrier barrier;
    private readonly nint[] addresses;
    private readonly int worldSize;

    private ThreadRanks(int worldSize) => (this.worldSize, barrier, addresses) = (worldSize, new Barrier(worldSize), new nint[worldSize]);

    /// <summary>Runs <paramref name="body"/> on one thread a rank and returns when all have ended.</summary>
    /// <exception cref="AggregateException">Ranks failed; the others were released from their collectives.</exception>
    public static void Run(int worldSize, Action<ICollectives> body)
    {
        using var world = new ThreadRanks(worldSize);
        var failures = new Exception?[worldSize];
        Thread[] threads = [.. Enumerable.Range(0, worldSize).Select(rank => new Thread(() =>
        {
            try
            {
                body(new Member(world, rank));
            }
            catch (Exception e)
            {
                failures[rank] = e;
                world.barrier.RemoveParticipant();
            }
        }, maxStackSize: 16 << 20))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (failures.OfType<Exception>().ToArray() is { Length: > 0 } all) throw new AggregateException(all);
    }

    /// <summary>Frees the barrier.</summary>
    public void Dispose() => barrier.Dispose();

    private sealed unsafe class Member(ThreadRanks world, int rank) : ICollectives
    {
        public int Rank => rank;

        public int WorldSize => world.worldSize;

        public void AllReduceSum(float* values, long count) => Reduce((nint)values, count, static (to, from, at) => ((float*)to)[at] += ((float*)from)[at], sizeof(float));

        public void AllReduceSum(Span<double> values)
        {
            fixed (double* p = values) Reduce((nint)p, values.Length, static (to, from, at) => ((double*)to)[at] += ((double*)from)[at], sizeof(double));
        }

        public void Barrier() => Arrive();

        // Each rank sums its share of the items over all ranks, in rank order, and hands the sums to everyone.
        private void Reduce(nint values, long count, Action<nint, nint, long> add, int size)
        {
            world.addresses[rank] = values;
            Arrive();
            long begin = count * rank / WorldSize, end = count * (rank + 1) / WorldSize;
            byte[] sums = new byte[(end - begin) * size];
            fixed (byte* sum = sums)
            {
                foreach (nint from in world.addresses)
                    for (long i = begin; i < end; i++) add((nint)sum - (nint)(begin * size), from, i);
                Arrive();
                foreach (nint to in world.addresses) Buffer.MemoryCopy(sum, (byte*)to + begin * size, sums.Length, sums.Length);
            }
            Arrive();
        }

        private void Arrive() => world.barrier.SignalAndWait();
    }
}
