namespace SparkTrain.Distributed.Mpi;

/// <summary>A message under way. Its memory must neither move nor be touched before it has been completed by <see cref="Wait"/> or <see cref="Test"/>.</summary>
public sealed unsafe class Request
{
    // Larger than the status of any MPI library.
    internal const int StatusBytes = 64;

    private readonly MpiLibrary mpi;
    private readonly (nint Type, int PerElement)? received;
    private nint handle;
    private Status? completed;

    internal Request(MpiLibrary mpi, nint handle, (nint Type, int PerElement)? received) => (this.mpi, this.handle, this.received) = (mpi, handle, received);

    /// <summary>Returns when the message has arrived, or its memory may be written again. For a message that was sent the status is empty.</summary>
    /// <exception cref="MpiException">It could not be passed on.</exception>
    public Status Wait()
    {
        if (completed is { } known) return known;
        byte* status = stackalloc byte[StatusBytes];
        fixed (nint* request = &handle) mpi.Check(mpi.Functions.Wait(request, status));
        return Complete(status);
    }

    /// <summary>Returns the status where the message has been passed on, null where it is still under way.</summary>
    /// <exception cref="MpiException">It could not be passed on.</exception>
    public Status? Test()
    {
        if (completed is not null) return completed;
        byte* status = stackalloc byte[StatusBytes];
        int done = 0;
        fixed (nint* request = &handle) mpi.Check(mpi.Functions.Test(request, &done, status));
        return done == 0 ? null : Complete(status);
    }

    private Status Complete(byte* status)
    {
        completed = received is var (type, perElement) ? mpi.StatusOf(status, type, perElement) : default(Status);
        return completed.Value;
    }
}
