using System.Runtime.InteropServices;

namespace SparkTrain.Distributed.Mpi;

/// <summary>Memory that the ranks of one host share: each brings a part, and all read and write all parts directly.</summary>
public sealed unsafe class SharedWindow : IDisposable
{
    // A vector, and a line of cache. Libraries let parts begin at any multiple of 8, behind their own data.
    private const int Alignment = 64;

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
        // Parts on pages of their own can lie near the rank that writes them first.
        fixed (byte* key = "alloc_shared_noncontig\0"u8, value = "true\0"u8) mpi.Check(mpi.Functions.Info_set(info, key, value), nameof(SharedWindow));
        mpi.Check(mpi.Functions.Win_allocate_shared(bytes == 0 ? 0 : (nint)bytes + Alignment, 1, info, host.Handle, &own, &window), nameof(SharedWindow));
        handle = window;
        mpi.Check(mpi.Functions.Info_free(&info), nameof(SharedWindow));
        mpi.Check(mpi.Functions.Win_set_errhandler(handle, mpi.Constants.ErrorsReturn), nameof(SharedWindow));
        // Loads and stores, and Win_sync, are only defined between lock and unlock.
        mpi.Check(mpi.Functions.Win_lock_all(0, handle), nameof(SharedWindow));
        long skipped = -own & (Alignment - 1);
        if (bytes > 0) NativeMemory.Clear((void*)(own + skipped), (nuint)bytes);
        // Every process maps the memory elsewhere, but at whole pages: what is aligned in one is aligned in all.
        parts = [.. host.Allgather(skipped).Select((skip, rank) => AddressOf(rank) + (nint)skip)];
        Sync();
        host.Barrier();
        Sync();
    }

    /// <summary>The address of each rank's part in this process, a multiple of 64, in rank order; meaningless for a part of 0 bytes.</summary>
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
