using System.Numerics;
using System.Runtime.InteropServices;
using SparkTrain.Distributed;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.MpiProgram;

/// <summary>Every call of the binding, against results worked out by hand.</summary>
internal static unsafe class BindingChecks
{
    // Odd, and more than libraries send without asking first.
    private const int Long = 100_003;

    public static void Run(LauncherEnvironment launcher)
    {
        var library = MpiLibrarySearch.Load(launcher);
        Check.Equal(launcher.Kind == LauncherKind.OpenMpi ? MpiFlavour.OpenMpi : MpiFlavour.Mpich, library.Flavour, "flavour");
        Check.Equal(true, library.Version.StartsWith(library.Flavour == MpiFlavour.OpenMpi ? "Open MPI v" : "MPICH ", StringComparison.Ordinal), $"name in {library.Version}");
        var mpi = new MpiEnvironment(library);
        Check.Equal((launcher.Rank, launcher.WorldSize), (mpi.World.Rank, mpi.World.Size), "world");
        Check.Equal((0, 1), (mpi.Self.Rank, mpi.Self.Size), "self");
        Check.Equal((Threading.Multiple, true, false), (mpi.Threading, mpi.Initialized, mpi.Finalized), "state");
        Check.Equal(Environment.MachineName, mpi.ProcessorName.Split('.')[0], "host");
        Reductions(mpi.World);
        DataMovement(mpi.World);
        Types(mpi.World);
        Messages(mpi.World);
        ImmediateMessages(mpi.World);
        Groups(mpi.World);
        Windows(mpi.World);
        Errors(mpi.World);
        Threads(mpi.World);
        mpi.Dispose();
        Check.Equal(true, mpi.Finalized, "finalized");
    }

    private static void Reductions(Intracommunicator world)
    {
        int n = world.Size, rank = world.Rank, sum = n * (n + 1) / 2;
        Check.Equal(sum, world.Allreduce(rank + 1, Operation.Add), "sum");
        Check.Equal(Enumerable.Range(1, n).Aggregate(1L, (a, b) => a * b), world.Allreduce(rank + 1L, Operation.Multiply), "product");
        Check.Equal(-3.5 - (n - 1), world.Allreduce(-3.5 - rank, Operation.Min), "minimum");
        Check.Equal(n - 0.5f, world.Allreduce(rank + 0.5f, Operation.Max), "maximum");
        Check.Equal(n == 1 ? 9 : 8, world.Allreduce((byte)(8 | (1 << (rank % 3))), Operation.BitwiseAnd), "bits that all have");
        Check.Equal((1U << n) - 1, world.Allreduce(1U << rank, Operation.BitwiseOr), "bits that any has");

        float[] many = [.. Enumerable.Range(0, Long).Select(i => (float)((rank + 1) * (i % 11)))], sums = [.. Enumerable.Range(0, Long).Select(i => (float)(sum * (i % 11)))];
        var reduced = many.ToArray();
        world.Allreduce(reduced.AsSpan(), Operation.Add);
        Check.Elements(sums, reduced, "sums");
        reduced = many.ToArray();
        world.Reduce(reduced.AsSpan(), Operation.Add, n - 1);
        Check.Elements(rank == n - 1 ? sums : many, reduced, "sums on the last rank");
        Check.Equal(rank == 0 ? sum : rank + 1, world.Reduce(rank + 1, Operation.Add, 0), "sum on the first rank");

        int[] all = [.. Enumerable.Range(0, 3 * n).Select(i => i * (rank + 1))], part = new int[3];
        world.ReduceScatter(all, part, Operation.Add);
        Check.Elements([.. Enumerable.Range(3 * rank, 3).Select(i => i * sum)], part, "part of the sums");
        Check.Throws<ArgumentException>(() => world.ReduceScatter(all.AsSpan()[1..], part, Operation.Add));
        Check.Throws<NotSupportedException>(() => world.Allreduce(new Pair(1, 2), Operation.Add));
    }

    private static void DataMovement(Intracommunicator world)
    {
        int n = world.Size, rank = world.Rank;
        int value = rank == n - 1 ? 77 : 0;
        world.Broadcast(ref value, n - 1);
        Check.Equal(77, value, "value of the last rank");
        var values = new double[Long];
        if (rank == 0) for (int i = 0; i < Long; i++) values[i] = i;
        world.Broadcast(values.AsSpan(), 0);
        Check.Equal(Long - 1.0, values[^1], "last value of the first rank");

        Check.Elements([.. Enumerable.Range(0, n).Select(r => 10L * r)], world.Allgather(10L * rank), "values of all");
        Check.Elements([.. Enumerable.Range(0, n).Select(r => new Pair(r, r / 4.0))], world.Allgather(new Pair(rank, rank / 4.0)), "records of all");
        var all = new int[2 * n];
        int[] counted = [.. Enumerable.Range(0, 2 * n)];
        world.Allgather<int>([2 * rank, 2 * rank + 1], all);
        Check.Elements(counted, all, "parts of all");

        int[] gathered = rank == 0 ? new int[2 * n] : [];
        world.Gather<int>([2 * rank, 2 * rank + 1], gathered, 0);
        Check.Elements(rank == 0 ? counted : [], gathered, "gathered parts");
        int[] mine = [-1, -1];
        world.Scatter<int>(rank == n - 1 ? counted : [], mine, n - 1);
        Check.Elements([2 * rank, 2 * rank + 1], mine, "scattered part");
        world.Alltoall<int>([.. Enumerable.Range(0, 2 * n).Select(i => 100 * rank + i)], all);
        Check.Elements([.. Enumerable.Range(0, n).SelectMany(r => new[] { 100 * r + 2 * rank, 100 * r + 2 * rank + 1 })], all, "exchanged parts");
        world.Barrier();
    }

    // Extreme values against 0, in sums and in order: a type of another width or sign would lose them.
    private static void Types(Intracommunicator world)
    {
        One(sbyte.MinValue);
        One(byte.MaxValue);
        One(short.MinValue);
        One(ushort.MaxValue);
        One(int.MinValue);
        One(uint.MaxValue);
        One(long.MinValue);
        One(ulong.MaxValue);
        One(float.Epsilon);
        One(double.Epsilon);

        void One<T>(T value) where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            T[] sum = [world.Rank == 0 ? value : T.Zero, T.Zero];
            world.Allreduce(sum.AsSpan(), Operation.Add);
            Check.Elements([value, T.Zero], sum, typeof(T).Name);
            if (T.IsNegative(T.MinValue))
            {
                Check.Equal(value, world.Allreduce(world.Rank == 0 ? value : T.Zero, T.IsNegative(value) ? Operation.Min : Operation.Max), typeof(T).Name + ", order");
                return;
            }
            Check.Throws<NotSupportedException>(() => world.Allreduce(value, Operation.Max));
            Check.Throws<NotSupportedException>(() => world.Reduce(value, Operation.Min, 0));
        }
    }

    private static void Messages(Intracommunicator world)
    {
        int n = world.Size, rank = world.Rank;
        if (rank > 0)
        {
            world.Send(3.25 * rank, 0, tag: 5);
            world.Send<float>([.. Enumerable.Range(0, rank).Select(i => (float)i)], 0, tag: 6);
            return;
        }
        for (int from = 1; from < n; from++)
        {
            Check.Equal(3.25 * from, world.Receive<double>(from, tag: 5), "value");
            // Longer than the message: the status says how much of it was written.
            var values = new float[n + 5];
            var status = world.Probe<float>(Communicator.AnySource, tag: 6);
            Check.Equal(new(status.Source, 6, status.Source), status, "message that waits");
            Check.Equal(status, world.Receive(status.Source, 6, values.AsSpan()), "message");
            Check.Elements([.. Enumerable.Range(0, status.Count).Select(i => (float)i)], values.AsSpan(0, status.Count), "message's values");
        }
    }

    private static void ImmediateMessages(Intracommunicator world)
    {
        int n = world.Size, rank = world.Rank, next = (rank + 1) % n, previous = (rank + n - 1) % n;
        var memory = (long*)NativeMemory.AllocZeroed(2 * Long, sizeof(long));
        for (int i = 0; i < Long; i++) memory[i] = (long)rank << 40 | (long)i;
        var arriving = world.ImmediateReceive(previous, 9, memory + Long, Long);
        var nothing = world.ImmediateReceive(Communicator.AnySource, 1234, memory, 0);
        if (nothing.Test() is not null) throw new CheckFailedException("a message that was not sent has arrived");
        var leaving = world.ImmediateSend(memory, Long, next, 9);
        Status? arrived;
        while ((arrived = arriving.Test()) is null) { }
        Check.Equal(new(previous, 9, Long), arrived.Value, "message");
        Check.Equal(arrived, arriving.Wait(), "message that has been waited for");
        leaving.Wait();
        for (int i = 0; i < Long; i++) Check.Equal((long)previous << 40 | (long)i, memory[Long + i], "value");
        world.ImmediateSend(memory, 0, next, 1234).Wait();
        Check.Equal(new(previous, 1234, 0), nothing.Wait(), "empty message");
        NativeMemory.Free(memory);
    }

    private static void Groups(Intracommunicator world)
    {
        int n = world.Size, rank = world.Rank;
        using var copy = world.Clone();
        Check.Equal((rank, n), (copy.Rank, copy.Size), "clone");
        // Odd and even ranks, in falling order.
        using var half = world.Split(rank % 2, -rank)!;
        int[] members = [.. Enumerable.Range(0, n).Where(r => r % 2 == rank % 2).Reverse()];
        Check.Equal((Array.IndexOf(members, rank), members.Length), (half.Rank, half.Size), "half");
        Check.Elements(members, half.Allgather(rank), "members of the half");
        using var none = world.Split(rank == 0 ? null : 0, rank);
        Check.Equal(rank == 0, none is null, "no group");
        using var host = world.SplitShared();
        Check.Equal((rank, n), (host.Rank, host.Size), "host");
        var freed = world.Clone();
        freed.Dispose();
        Check.Throws<ObjectDisposedException>(freed.Barrier);
    }

    private static void Windows(Intracommunicator world)
    {
        using var host = world.SplitShared();
        int n = host.Size, rank = host.Rank;
        // A part of a page and a byte, and none at all on the last of several ranks.
        long bytes = n > 1 && rank == n - 1 ? 0 : 4096 + 1;
        using (var window = new SharedWindow(host, bytes))
        {
            Check.Equal(n, window.Parts.Count, "parts");
            for (int part = 0; part < n; part++)
                if (n == 1 || part < n - 1)
                {
                    Check.Equal(0, window.Parts[part] % 64, "alignment");
                    for (int i = 0; i < bytes; i++) Check.Equal((byte)0, ((byte*)window.Parts[part])[i], "new memory");
                }
            host.Barrier();
            if (bytes > 0) ((byte*)window.Parts[rank])[4096] = (byte)(rank + 1);
            window.Sync();
            host.Barrier();
            window.Sync();
            for (int part = 0; part < Math.Max(1, n - 1); part++) Check.Equal((byte)(part + 1), ((byte*)window.Parts[part])[4096], "what the other rank wrote");
            host.Barrier();
        }
    }

    private static void Errors(Intracommunicator world)
    {
        foreach (var ranks in new[] { world, world.Clone(), world.SplitShared(), world.Split(0, 0)! })
            try
            {
                ranks.Send(1, ranks.Size + 3, 0);
                throw new CheckFailedException("a message went to a rank that there is not");
            }
            catch (MpiException e)
            {
                // MPI_ERR_RANK is 6 in both flavours.
                Check.Equal((6, true), (e.ErrorClass, e.Message.Contains("rank", StringComparison.Ordinal) && e.Message.Contains("Send", StringComparison.Ordinal)), e.Message);
            }
    }

    // Each on a communicator of its own, while the runtime collects garbage.
    private static void Threads(Intracommunicator world)
    {
        Intracommunicator[] own = [.. Enumerable.Range(0, 2).Select(_ => world.Clone())];
        var wrong = new int[own.Length];
        Thread[] threads = [.. own.Select((ranks, t) => new Thread(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                var values = new double[1000];
                values.AsSpan().Fill(ranks.Rank + t + i);
                ranks.Allreduce(values.AsSpan(), Operation.Add);
                if (values[999] != ranks.Size * (ranks.Size - 1) / 2 + ranks.Size * (t + i)) wrong[t]++;
            }
        }))];
        foreach (var thread in threads) thread.Start();
        for (int i = 0; i < 10; i++) GC.Collect();
        foreach (var thread in threads) thread.Join();
        Check.Elements([0, 0], wrong, "wrong sums of threads");
    }

    private readonly record struct Pair(int Whole, double Part);
}
