using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SparkTrain.Inference;

/// <summary>A way of asking for memory that will be read soon.</summary>
internal unsafe interface IPrefetch
{
    /// <summary>Asks for the cache line at an address.</summary>
    static abstract void Ask(byte* line);
}

/// <summary>Asks for nothing.</summary>
internal readonly unsafe struct NoPrefetch : IPrefetch
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(byte* line)
    {
    }
}

/// <summary>Into the first-level cache (PREFETCHT0).</summary>
internal readonly unsafe struct FirstLevelPrefetch : IPrefetch
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(byte* line)
    {
        if (Sse.IsSupported) Sse.Prefetch0(line);
    }
}

/// <summary>Into the second-level cache (PREFETCHT1).</summary>
internal readonly unsafe struct SecondLevelPrefetch : IPrefetch
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(byte* line)
    {
        if (Sse.IsSupported) Sse.Prefetch1(line);
    }
}

/// <summary>Past the outer caches, for what is read once (PREFETCHNTA).</summary>
internal readonly unsafe struct PassingPrefetch : IPrefetch
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(byte* line)
    {
        if (Sse.IsSupported) Sse.PrefetchNonTemporal(line);
    }
}
