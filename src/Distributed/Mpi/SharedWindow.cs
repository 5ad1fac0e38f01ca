using System.Runtime.InteropServices;

namespace SparkTrain.Distributed.Mpi;

/// <summary>Memory that the ranks of one host share: each brings a part, and all read and write all parts directly.</summary>
public sealed unsafe class SharedWindow : IDisposable
{
    private readonly MpiLibrary mpi;
    private readonly nint[] parts;
    private nint handle;

    /// <summary>Allocates a zeroed part on every rank; all ranks call it.</summary>
    /// <param name="host">Ranks that can share memory: see <see cref="Intracommunicator.SplitShared"/>.</param>
    /// <param name="bytes">Bytes of this rank's part; 0 is allowed.</param>
    /// <exception cref="MpiException">The memory cannot be had.</exception>
    public SharedWindow(Intracommunicator host, long bytes)
    {
        mpi = host.Mpi;
        nint info = 0, own = 0, window = 0;
        mpi.Check(mpi.Functions.Info_create(&info), nameof(SharedWindow));
        // Parts that begin at pages of their own: aligned for every vector, and placed near the rank that writes them first.
        fixed (byte* key = "alloc_shared_noncontig\0"u8, value = "true\0"u8) mpi.Check(mpi.Functions.Info_set(info, key, value), nameof(SharedWindow));
        mpi.Check(mpi.Functions.Win_allocate_shared((nint)bytes, 1, info, host.Handle, &own, &window), nameof(SharedWindow));
        handle = window;
        mpi.Check(mpi.Functions.Info_free(&info), nameof(SharedWindow));
        mpi.Check(mpi.Functions.Win_set_errhandler(handle, mpi.Constants.ErrorsReturn), nameof(SharedWindow));
        // Loads and stores, and Win_sync, are only defined between lock and unlock.
        mpi.Check(mpi.Functions.Win_lock_all(0, handle), nameof(SharedWindow));
        NativeMemory.Clear((void*)own, (nuint)bytes);
        parts = [.. Enumerable.Range(0, host.Size).Select(AddressOf)];
        Sync();
        host.Barrier();
        Sync();
    }

    /// <summary>The address of each rank's part in this process, in rank order; meaningless for a part of 0 bytes.</summary>
    public IReadOnlyList<nint> Parts => parts;

    /// <summary>Makes what this rank has written visible to those that synchronise later, and what they wrote before visible here.</summary>
    public void Sync() => mpi.Check(mpi.Functions.Win_sync(handle));

    /// <summary>Frees the memory; all ranks call it together.</summary>
    public void Dispose()
    {
        if (handle == 0) return;
        mpi.Functions.Win_unlock_all(handle);
        fixed (nint* p = &handle) mpi.Functions.Win_free(p);
        handle = 0;
    }

    private nint AddressOf(int rank)
    {
        nint size = 0, address = 0;
        int unit = 0;
        mpi.Check(mpi.Functions.Win_shared_query(handle, rank, &size, &unit, &address), nameof(SharedWindow));
        return address;
    }
}
