using System.Runtime.InteropServices;

namespace SparkTrain.Native;

/// <summary>
/// Memory for large tensors: one reserved range of addresses whose pages stay with the process once they were used. Freeing and taking the same sizes step after
/// step then costs no page fault, and no small allocation between them keeps the range from being used again. Safe for several threads.
/// </summary>
internal sealed unsafe partial class TensorArena
{
    // The largest vector and a cache line; blocks of a power of two's length would otherwise all begin in the same cache sets, so each is three lines longer.
    private const long Alignment = 64, Stagger = 3 * Alignment;

    // Pages are made usable in steps of this size.
    private const long CommitStep = 64L << 20;

    private readonly Lock gate = new();
    private readonly BlockList blocks;
    private readonly byte* memory;
    private readonly long size;
    private long committed;

    private TensorArena(byte* memory, long size)
    {
        this.memory = memory;
        this.size = size;
        blocks = new(size);
    }

    /// <summary>Reserves addresses, which takes no memory; returns null where the system refuses (a limit on the address space).</summary>
    public static TensorArena? Reserve(long bytes)
    {
        const int None = 0, PrivateAnonymousUnreserved = 0x2 | 0x20 | 0x4000, HugePages = 14;
        nint address = mmap(0, (nuint)bytes, None, PrivateAnonymousUnreserved, -1, 0);
        if (address == -1) return null;
        // Only advice: without it every 4 KiB of a new tensor is a fault of its own.
        _ = madvise(address, (nuint)bytes, HugePages);
        return new((byte*)address, bytes);
    }

    /// <summary>Number of bytes in tensors now, at most so far, and the bytes of memory that were ever used.</summary>
    public (long Used, long Peak, long HighWater) Usage
    {
        get
        {
            lock (gate) return (blocks.Used, blocks.Peak, blocks.HighWater);
        }
    }

    /// <summary>Returns memory aligned to 64 bytes, or null where the range is used up or the system gives no more.</summary>
    public void* Take(long bytes)
    {
        lock (gate)
        {
            long begin = blocks.Take((bytes + Alignment - 1) / Alignment * Alignment + Stagger);
            if (begin < 0) return null;
            if (Commit(blocks.HighWater)) return memory + begin;
            blocks.Give(begin);
            return null;
        }
    }

    /// <summary>Gives memory of <see cref="Take"/> back.</summary>
    public void Give(void* address)
    {
        lock (gate) blocks.Give((byte*)address - memory);
    }

    /// <summary>Returns true for addresses of the range.</summary>
    public bool Holds(void* address) => address >= memory && address < memory + size;

    private bool Commit(long bytes)
    {
        const int ReadWrite = 3;
        if (bytes <= committed) return true;
        long until = Math.Min(size, (bytes + CommitStep - 1) / CommitStep * CommitStep);
        if (mprotect((nint)(memory + committed), (nuint)(until - committed), ReadWrite) != 0) return false;
        committed = until;
        return true;
    }

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc")]
    private static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int madvise(nint address, nuint length, int advice);
}
