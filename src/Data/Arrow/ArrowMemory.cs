using System.Buffers;
using Apache.Arrow.Memory;

namespace SparkTrain.Data;

/// <summary>Gives Apache.Arrow memory that the garbage collector frees, and no more than <see cref="MaxBytes"/> in a piece.</summary>
internal sealed class ArrowMemory : MemoryAllocator
{
    public const int MaxBytes = 1 << 30;

    protected override IMemoryOwner<byte> AllocateInternal(int length, out int bytesAllocated)
    {
        if (length > MaxBytes) throw new NotSupportedException($"a record batch or dictionary has more than {MaxBytes} bytes");
        bytesAllocated = length;
        return new Piece(GC.AllocateUninitializedArray<byte>(length));
    }

    private sealed class Piece(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
        }
    }
}
