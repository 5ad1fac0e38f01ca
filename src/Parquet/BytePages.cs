using System.Buffers.Binary;

namespace SparkTrain.Parquet;

/// <summary>Decodes pages of byte arrays, which texts are.</summary>
public sealed class BytePages : IPageFormat<ReadOnlyMemory<byte>>
{
    public PageValues<ReadOnlyMemory<byte>>? Open(int encoding, ReadOnlyMemory<byte> bytes) => encoding switch
    {
        PageHeader.Plain => new Plain(bytes),
        PageHeader.DeltaLengthByteArray => new DeltaLength(bytes),
        PageHeader.DeltaByteArray => new Delta(bytes),
        _ => null,
    };

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, long length)
    {
        if (length < 0 || length > rest.Length) throw new InvalidDataException($"a text of {length} bytes where {rest.Length} are left");
        var taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    /// <summary>Each with its length before it.</summary>
    private sealed class Plain(ReadOnlyMemory<byte> rest) : PageValues<ReadOnlyMemory<byte>>
    {
        private ReadOnlyMemory<byte> rest = rest;

        public override bool IsAtEnd => IsPadding(rest.Span);

        public override void Read(Span<ReadOnlyMemory<byte>> into)
        {
            foreach (ref var value in into) value = Take(ref rest, BinaryPrimitives.ReadUInt32LittleEndian(Take(ref rest, sizeof(uint)).Span));
        }
    }

    /// <summary>First all lengths, then all bytes.</summary>
    private sealed class DeltaLength : PageValues<ReadOnlyMemory<byte>>
    {
        private readonly DeltaReader? lengths;
        private ReadOnlyMemory<byte> rest;
        private long[] next = [];

        public DeltaLength(ReadOnlyMemory<byte> bytes)
        {
            if (bytes.IsEmpty) return;
            (lengths, rest) = (new DeltaReader(bytes), AfterIntegers(bytes));
        }

        public override bool IsAtEnd => lengths is null || (lengths.Left == 0 && IsPadding(rest.Span));

        public override void Read(Span<ReadOnlyMemory<byte>> into)
        {
            if (into.IsEmpty) return;
            if (next.Length < into.Length) next = new long[into.Length];
            (lengths ?? throw new InvalidDataException("the page is empty")).Read(next.AsSpan(0, into.Length));
            for (var i = 0; i < into.Length; i++) into[i] = Take(ref rest, next[i]);
        }

        // Where the bytes begin is known only when all lengths have been passed.
        public static ReadOnlyMemory<byte> AfterIntegers(ReadOnlyMemory<byte> bytes)
        {
            var (reader, passed) = (new DeltaReader(bytes), new long[1024]);
            while (reader.Left > 0) reader.Read(passed.AsSpan(0, (int)Math.Min(reader.Left, (ulong)passed.Length)));
            return reader.Rest;
        }
    }

    /// <summary>How many bytes each shares with the one before, then what differs.</summary>
    private sealed class Delta : PageValues<ReadOnlyMemory<byte>>
    {
        private readonly DeltaReader? shared;
        private readonly DeltaLength suffixes;
        private ReadOnlyMemory<byte> last;
        private long[] next = [];

        public Delta(ReadOnlyMemory<byte> bytes)
        {
            shared = bytes.IsEmpty ? null : new DeltaReader(bytes);
            suffixes = new DeltaLength(bytes.IsEmpty ? bytes : DeltaLength.AfterIntegers(bytes));
        }

        public override bool IsAtEnd => shared is null || (shared.Left == 0 && suffixes.IsAtEnd);

        public override void Read(Span<ReadOnlyMemory<byte>> into)
        {
            if (into.IsEmpty) return;
            if (next.Length < into.Length) next = new long[into.Length];
            (shared ?? throw new InvalidDataException("the page is empty")).Read(next.AsSpan(0, into.Length));
            suffixes.Read(into);
            for (var i = 0; i < into.Length; i++)
            {
                if (next[i] < 0 || next[i] > last.Length) throw new InvalidDataException($"a text shares {next[i]} bytes with one of {last.Length}");
                last = into[i] = next[i] == 0 ? into[i] : (byte[])[.. last.Span[..(int)next[i]], .. into[i].Span];
            }
        }
    }
}
