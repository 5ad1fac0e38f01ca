using System.Runtime.InteropServices;

namespace SparkTrain.Kernels;

/// <summary>Native scratch memory that is freed at once: 64-byte aligned blocks of floats, zeroed.</summary>
internal sealed unsafe class Arena : IDisposable
{
    private const int Alignment = 64;

    private readonly List<nint> blocks = [];

    /// <summary>Returns zeroed memory for <paramref name="count"/> floats (or as many 32-bit integers).</summary>
    internal float* Take(long count)
    {
        nuint bytes = (nuint)Math.Max(1, count) * sizeof(float);
        void* block = NativeMemory.AlignedAlloc(bytes, Alignment);
        blocks.Add((nint)block);
        NativeMemory.Clear(block, bytes);
        return (float*)block;
    }

    public void Dispose()
    {
        foreach (nint block in blocks) NativeMemory.AlignedFree((void*)block);
        blocks.Clear();
    }
}
