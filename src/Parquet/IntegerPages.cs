using System.Buffers.Binary;

namespace SparkTrain.Parquet;

/// <summary>Decodes pages of integers of 32 or 64 bits.</summary>
public sealed class IntegerPages(int type, bool isUnsigned) : IPageFormat<long>
{
    private readonly int width = type == ParquetFooter.Int32 ? sizeof(int) : sizeof(long);

    public PageValues<long>? Open(int encoding, ReadOnlyMemory<byte> bytes) => encoding switch
    {
        PageHeader.Plain => new Plain(bytes, width, isUnsigned),
        PageHeader.ByteStreamSplit => new Split(bytes, width, isUnsigned),
        PageHeader.DeltaBinaryPacked => new Delta(bytes, width, isUnsigned),
        _ => null,
    };

    private static long Cut(long value, int width, bool isUnsigned) => width == sizeof(long) ? value : isUnsigned ? (uint)value : (int)value;

    private abstract class FixedWidth(ReadOnlyMemory<byte> bytes, int width) : PageValues<long>
    {
        protected ReadOnlyMemory<byte> Bytes => bytes;

        protected int Width => width;

        protected int Count => bytes.Length / width;

        protected int Next { get; private set; }

        public override void Read(Span<long> into)
        {
            if (into.Length > Count - Next) throw new InvalidDataException($"{into.Length} values are wanted where {Count - Next} are left");
            Decode(Next, into);
            Next += into.Length;
        }

        protected abstract void Decode(int first, Span<long> into);
    }

    private sealed class Plain(ReadOnlyMemory<byte> bytes, int width, bool isUnsigned) : FixedWidth(bytes, width)
    {
        public override bool IsAtEnd => IsPadding(Bytes.Span[(Next * Width)..]);

        protected override void Decode(int first, Span<long> into)
        {
            var rest = Bytes.Span[(first * Width)..];
            for (var i = 0; i < into.Length; i++)
                into[i] = Width == sizeof(long) ? BinaryPrimitives.ReadInt64LittleEndian(rest[(i * sizeof(long))..]) : Cut(BinaryPrimitives.ReadInt32LittleEndian(rest[(i * sizeof(int))..]), Width, isUnsigned);
        }
    }

    // The first bytes of all values, then the second ones …
    private sealed class Split(ReadOnlyMemory<byte> bytes, int width, bool isUnsigned) : FixedWidth(bytes, width)
    {
        public override bool IsAtEnd => Next == Count && Bytes.Length % Width == 0;

        protected override void Decode(int first, Span<long> into)
        {
            var all = Bytes.Span;
            for (var i = 0; i < into.Length; i++)
            {
                var value = 0UL;
                for (var stream = 0; stream < Width; stream++) value |= (ulong)all[(stream * Count) + first + i] << (8 * stream);
                into[i] = Cut((long)value, Width, isUnsigned);
            }
        }
    }

    private sealed class Delta(ReadOnlyMemory<byte> bytes, int width, bool isUnsigned) : PageValues<long>
    {
        private readonly DeltaReader? reader = bytes.IsEmpty ? null : new DeltaReader(bytes);

        public override bool IsAtEnd => reader is null or { Left: 0 };

        public override void Read(Span<long> into)
        {
            if (into.IsEmpty) return;
            (reader ?? throw new InvalidDataException("the page is empty")).Read(into);
            foreach (ref var value in into) value = Cut(value, width, isUnsigned);
        }
    }
}
