namespace SparkTrain.Distributed.Mpi;

/// <summary>A group of ranks with collective calls: every rank makes the same ones in the same order, with equally many elements.</summary>
public sealed unsafe class Intracommunicator : Communicator
{
    internal Intracommunicator(MpiLibrary mpi, nint handle, bool owned) : base(mpi, handle, owned) { }

    /// <summary>Returns a communicator of the same ranks, whose messages never meet those of this one.</summary>
    public Intracommunicator Clone()
    {
        nint made = 0;
        Mpi.Check(Mpi.Functions.Comm_dup(Handle, &made));
        return new(Mpi, made, owned: true);
    }

    /// <summary>Groups ranks of equal colour, ordered by key and then by rank; null where the colour is null. Colours are at least 0.</summary>
    public Intracommunicator? Split(int? color, int key)
    {
        nint made = 0;
        Mpi.Check(Mpi.Functions.Comm_split(Handle, color ?? MpiConstants.Undefined, key, &made));
        return made == Mpi.Constants.CommNull ? null : new(Mpi, made, owned: true);
    }

    /// <summary>Groups the ranks that can share memory, those of one host, in the order of their ranks.</summary>
    public Intracommunicator SplitShared()
    {
        nint made = 0;
        Mpi.Check(Mpi.Functions.Comm_split_type(Handle, Mpi.Constants.CommTypeShared, Rank, Mpi.Constants.InfoNull, &made));
        return new(Mpi, made, owned: true);
    }

    /// <summary>Returns when every rank has called it.</summary>
    public void Barrier() => Mpi.Check(Mpi.Functions.Barrier(Handle));

    /// <summary>Gives every rank the value of the root.</summary>
    public void Broadcast<T>(ref T value, int root) where T : unmanaged => Broadcast(new Span<T>(ref value), root);

    /// <summary>Gives every rank the values of the root.</summary>
    public void Broadcast<T>(Span<T> values, int root) where T : unmanaged
    {
        var (type, perElement) = Mpi.TypeOf<T>();
        fixed (T* p = values) Mpi.Check(Mpi.Functions.Bcast(p, checked(values.Length * perElement), type, root, Handle));
    }

    /// <summary>Returns the values of all ranks combined, to all.</summary>
    public T Allreduce<T>(T value, Operation operation) where T : unmanaged
    {
        Allreduce(new Span<T>(ref value), operation);
        return value;
    }

    /// <summary>Replaces values on every rank by those of all ranks combined, element by element.</summary>
    public void Allreduce<T>(Span<T> values, Operation operation) where T : unmanaged
    {
        fixed (T* p = values) Mpi.Check(Mpi.Functions.Allreduce((void*)Mpi.Constants.InPlace, p, values.Length, NumberType<T>(), HandleOf<T>(operation), Handle));
    }

    /// <summary>Returns the values of all ranks combined to the root, and its own value to every other rank.</summary>
    public T Reduce<T>(T value, Operation operation, int root) where T : unmanaged
    {
        Reduce(new Span<T>(ref value), operation, root);
        return value;
    }

    /// <summary>Replaces values on the root by those of all ranks combined, element by element; other ranks keep theirs.</summary>
    public void Reduce<T>(Span<T> values, Operation operation, int root) where T : unmanaged
    {
        // Not MPI_IN_PLACE: MPICH 4.0.2 reads from that address (a crash) where the root is not rank 0.
        var sent = Rank == root ? values.ToArray() : values;
        fixed (T* p = sent, q = values) Mpi.Check(Mpi.Functions.Reduce(p, q, values.Length, NumberType<T>(), HandleOf<T>(operation), root, Handle));
    }

    /// <summary>Combines the values of all ranks element by element and gives each rank its part, in rank order.</summary>
    /// <param name="values">As many values as all parts have.</param>
    /// <param name="part">Where this rank's part goes.</param>
    /// <param name="operation">How two values are combined.</param>
    public void ReduceScatter<T>(ReadOnlySpan<T> values, Span<T> part, Operation operation) where T : unmanaged
    {
        RequireParts(values.Length, part.Length);
        fixed (T* p = values, q = part) Mpi.Check(Mpi.Functions.Reduce_scatter_block(p, q, part.Length, NumberType<T>(), HandleOf<T>(operation), Handle));
    }

    /// <summary>Returns the value of each rank to all.</summary>
    public T[] Allgather<T>(T value) where T : unmanaged
    {
        var all = new T[Size];
        Allgather(new ReadOnlySpan<T>(in value), all);
        return all;
    }

    /// <summary>Gives every rank the parts of all, in rank order.</summary>
    public void Allgather<T>(ReadOnlySpan<T> part, Span<T> all) where T : unmanaged
    {
        RequireParts(all.Length, part.Length);
        var (type, perElement) = Mpi.TypeOf<T>();
        int count = checked(part.Length * perElement);
        fixed (T* p = part, q = all) Mpi.Check(Mpi.Functions.Allgather(p, count, type, q, count, type, Handle));
    }

    /// <summary>Gives the root the parts of all ranks, in rank order; the others may pass nothing to take them.</summary>
    public void Gather<T>(ReadOnlySpan<T> part, Span<T> all, int root) where T : unmanaged
    {
        if (Rank == root) RequireParts(all.Length, part.Length);
        var (type, perElement) = Mpi.TypeOf<T>();
        int count = checked(part.Length * perElement);
        fixed (T* p = part, q = all) Mpi.Check(Mpi.Functions.Gather(p, count, type, q, count, type, root, Handle));
    }

    /// <summary>Gives each rank its part of the root's values, in rank order; the others may pass nothing to be divided.</summary>
    public void Scatter<T>(ReadOnlySpan<T> all, Span<T> part, int root) where T : unmanaged
    {
        if (Rank == root) RequireParts(all.Length, part.Length);
        var (type, perElement) = Mpi.TypeOf<T>();
        int count = checked(part.Length * perElement);
        fixed (T* p = all, q = part) Mpi.Check(Mpi.Functions.Scatter(p, count, type, q, count, type, root, Handle));
    }

    /// <summary>Gives each rank its part of every rank's values: both are as many equal parts as there are ranks, in rank order.</summary>
    public void Alltoall<T>(ReadOnlySpan<T> sent, Span<T> received) where T : unmanaged
    {
        RequireParts(sent.Length, sent.Length / Size);
        RequireParts(received.Length, sent.Length / Size);
        var (type, perElement) = Mpi.TypeOf<T>();
        int count = checked(sent.Length / Size * perElement);
        fixed (T* p = sent, q = received) Mpi.Check(Mpi.Functions.Alltoall(p, count, type, q, count, type, Handle));
    }

    // MPI would read or write behind the end.
    private void RequireParts(int all, int part)
    {
        if (all != (long)part * Size) throw new ArgumentException($"{all} elements are not {Size} parts of {part}");
    }

    // MPICH 4.0.2 (its issue 6083) and Open MPI 4.1.2 to 4.1.4 (10648) order unsigned numbers as if they were signed.
    private nint HandleOf<T>(Operation operation) where T : unmanaged =>
        operation is Operation.Min or Operation.Max && (typeof(T) == typeof(byte) || typeof(T) == typeof(ushort) || typeof(T) == typeof(uint) || typeof(T) == typeof(ulong))
            ? throw new NotSupportedException($"{operation} of {typeof(T).Name} is wrong in widespread MPI libraries: use a signed type")
            : Mpi.Constants.Operations[(int)operation];

    private nint NumberType<T>() where T : unmanaged =>
        Mpi.Constants.Types.TryGetValue(typeof(T), out nint type) ? type : throw new NotSupportedException($"MPI combines numbers of 8 to 64 bits, not {typeof(T).Name}");
}
