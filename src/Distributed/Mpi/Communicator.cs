namespace SparkTrain.Distributed.Mpi;

/// <summary>A group of ranks that pass messages to each other.</summary>
public unsafe class Communicator : IDisposable
{
    /// <summary>Receives from whichever rank sends first.</summary>
    public const int AnySource = -1;

    private readonly bool owned;
    private nint handle;

    private protected Communicator(MpiLibrary mpi, nint handle, bool owned)
    {
        (Mpi, this.handle, this.owned) = (mpi, handle, owned);
        // Otherwise an error ends all processes at once, without a word from us. Not every library hands the setting on to new communicators.
        mpi.Check(mpi.Functions.Comm_set_errhandler(handle, mpi.Constants.ErrorsReturn), "Communicator");
        int rank = 0, size = 0;
        mpi.Check(mpi.Functions.Comm_rank(handle, &rank), "Rank");
        mpi.Check(mpi.Functions.Comm_size(handle, &size), "Size");
        (Rank, Size) = (rank, size);
    }

    /// <summary>This process's rank in the group, counted from 0.</summary>
    public int Rank { get; }

    /// <summary>The number of ranks.</summary>
    public int Size { get; }

    internal MpiLibrary Mpi { get; }

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(GetType().Name);

    /// <summary>Sends a value; returns when it may be changed.</summary>
    /// <exception cref="MpiException">There is no such rank, or it cannot be reached.</exception>
    public void Send<T>(T value, int destination, int tag) where T : unmanaged => Send(new ReadOnlySpan<T>(in value), destination, tag);

    /// <summary>Sends values; returns when their memory may be written again.</summary>
    /// <exception cref="MpiException">There is no such rank, or it cannot be reached.</exception>
    public void Send<T>(ReadOnlySpan<T> values, int destination, int tag) where T : unmanaged
    {
        var (type, perElement) = Mpi.TypeOf<T>();
        fixed (T* p = values) Mpi.Check(Mpi.Functions.Send(p, checked(values.Length * perElement), type, destination, tag, Handle));
    }

    /// <summary>Receives a value.</summary>
    /// <exception cref="MpiException">What arrived is longer, or the rank cannot be reached.</exception>
    public T Receive<T>(int source, int tag) where T : unmanaged
    {
        T value = default;
        Receive(source, tag, new Span<T>(ref value));
        return value;
    }

    /// <summary>Receives at most as many values as there is room for; the status says how many.</summary>
    /// <exception cref="MpiException">What arrived is longer, or the rank cannot be reached.</exception>
    public Status Receive<T>(int source, int tag, Span<T> values) where T : unmanaged
    {
        var (type, perElement) = Mpi.TypeOf<T>();
        byte* status = stackalloc byte[Request.StatusBytes];
        fixed (T* p = values) Mpi.Check(Mpi.Functions.Recv(p, checked(values.Length * perElement), type, SourceOf(source), tag, Handle, status));
        return Mpi.StatusOf(status, type, perElement);
    }

    /// <summary>Returns when a message can be received, with its length in elements of <typeparamref name="T"/>.</summary>
    /// <exception cref="MpiException">There is no such rank, or it cannot be reached.</exception>
    public Status Probe<T>(int source, int tag) where T : unmanaged
    {
        var (type, perElement) = Mpi.TypeOf<T>();
        byte* status = stackalloc byte[Request.StatusBytes];
        Mpi.Check(Mpi.Functions.Probe(SourceOf(source), tag, Handle, status));
        return Mpi.StatusOf(status, type, perElement);
    }

    /// <summary>Begins to send. The memory must be native or pinned, and stay as it is until the request is completed.</summary>
    /// <exception cref="MpiException">There is no such rank, or it cannot be reached.</exception>
    public Request ImmediateSend<T>(T* values, int count, int destination, int tag) where T : unmanaged
    {
        var (type, perElement) = Mpi.TypeOf<T>();
        nint request = 0;
        Mpi.Check(Mpi.Functions.Isend(values, checked(count * perElement), type, destination, tag, Handle, &request));
        return new(Mpi, request, null);
    }

    /// <summary>Begins to receive. The memory must be native or pinned, and not be touched until the request is completed.</summary>
    /// <exception cref="MpiException">There is no such rank.</exception>
    public Request ImmediateReceive<T>(int source, int tag, T* values, int count) where T : unmanaged
    {
        var (type, perElement) = Mpi.TypeOf<T>();
        nint request = 0;
        Mpi.Check(Mpi.Functions.Irecv(values, checked(count * perElement), type, SourceOf(source), tag, Handle, &request));
        return new(Mpi, request, (type, perElement));
    }

    /// <summary>Gives the communicator back; all its ranks do so.</summary>
    public void Dispose()
    {
        if (handle != 0 && owned) fixed (nint* p = &handle) Mpi.Functions.Comm_free(p);
        handle = 0;
        GC.SuppressFinalize(this);
    }

    private int SourceOf(int source) => source == AnySource ? Mpi.Constants.AnySource : source;
}
