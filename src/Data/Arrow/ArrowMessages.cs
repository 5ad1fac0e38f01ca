using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// The messages of an Arrow file as a stream, each checked before a reader sees it. Both formats are read: the stream, and the file, whose footer holds the schema and says where the messages lie. Throws
/// <see cref="InvalidDataException"/> where it is damaged or cut off, <see cref="NotSupportedException"/> where it is written in a way that is not read.
/// </summary>
internal sealed class ArrowMessages : Stream
{
    private const int MaxMetadataBytes = 1 << 26, Continuation = -1, TailBytes = sizeof(int) + 6;

    private readonly SafeFileHandle file;
    private readonly long end;

    // Where the messages of the file format lie; null for a stream, where each begins behind the one before.
    private readonly Queue<long>? places;
    private long position, bodyEnd;
    private bool isAtEnd;

    // What the reader has not taken yet of a message's size and metadata.
    private ReadOnlyMemory<byte> head;

    /// <summary>Opens a file.</summary>
    public ArrowMessages(string path)
    {
        file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        end = RandomAccess.GetLength(file);
        Span<byte> mark = stackalloc byte[FileMark.Length];
        if (end < mark.Length) return;
        FileBytes.Read(file, mark, 0);
        if (mark.StartsWith("FEA1"u8)) throw new NotSupportedException("it is Feather V1, which is older than Arrow's own formats");
        if (!mark.SequenceEqual(FileMark)) return;
        var footer = ReadFooter(ref end);
        places = ArrowFooter.Places(footer);
        head = WithSize(ArrowFooter.SchemaMessage(footer));
    }

    /// <summary>The first bytes of the file format; a stream begins with 0xFFFFFFFF and the size of its schema.</summary>
    public static ReadOnlySpan<byte> FileMark => "ARROW1\0\0"u8;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Returns true for a file with these first bytes.</summary>
    public static bool IsArrow(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(FileMark[..6])) return true;
        // Eight bytes, then the schema: it is small, padded to eight, and begins with the place of its first table.
        if (head.Length < 12 || BinaryPrimitives.ReadInt32LittleEndian(head) != Continuation) return false;
        int size = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        return size is > 0 and <= MaxMetadataBytes && size % 8 == 0 && BinaryPrimitives.ReadUInt32LittleEndian(head[8..]) < size;
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        if (head.IsEmpty && position == bodyEnd && !TryNext()) return 0;
        if (head.IsEmpty)
        {
            int count = (int)Math.Min(buffer.Length, bodyEnd - position);
            FileBytes.Read(file, buffer[..count], position);
            position += count;
            return count;
        }
        int taken = Math.Min(buffer.Length, head.Length);
        head.Span[..taken].CopyTo(buffer);
        head = head[taken..];
        return taken;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }

    // Ends with the bytes or with a message of no size; both are whole by the format.
    private bool TryNext()
    {
        if (places is null ? isAtEnd || position == end : places.Count == 0) return false;
        if (places is not null) position = places.Dequeue();
        int size = ReadInt();
        if (size == Continuation) size = ReadInt();
        if (size == 0 && places is null) return !(isAtEnd = true);
        if (size <= 0 || size > MaxMetadataBytes || size > end - position) throw new InvalidDataException($"a message of {size} bytes where {end - position} are left");
        var metadata = new byte[size];
        FileBytes.Read(file, metadata, position);
        position += size;
        long body = ArrowMetadata.Check(metadata, (into, offset) => FileBytes.Read(file, into, position + offset));
        if (body < 0 || body > end - position) throw new InvalidDataException($"a record batch of {body} bytes where {end - position} are left");
        if (body > ArrowMemory.MaxBytes) throw new NotSupportedException($"a record batch has {body} bytes, more than {ArrowMemory.MaxBytes}");
        (head, bodyEnd) = (WithSize(metadata), position + body);
        return true;
    }

    private int ReadInt()
    {
        if (position < 0 || end - position < sizeof(int)) throw new InvalidDataException("it ends inside a message");
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        FileBytes.Read(file, bytes, position);
        position += sizeof(int);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    private static byte[] WithSize(byte[] metadata)
    {
        var message = new byte[sizeof(int) + metadata.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, metadata.Length);
        metadata.CopyTo(message, sizeof(int));
        return message;
    }

    // Behind the messages stand the footer, its size and the mark again.
    private byte[] ReadFooter(ref long end)
    {
        Span<byte> tail = stackalloc byte[TailBytes];
        if (end < FileMark.Length + TailBytes) throw new InvalidDataException($"it has {end} bytes");
        FileBytes.Read(file, tail, end - TailBytes);
        if (!tail[sizeof(int)..].SequenceEqual(FileMark[..6])) throw new InvalidDataException("it does not end with ARROW1");
        int size = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (size < 0 || size > MaxMetadataBytes || size > end - TailBytes - FileMark.Length) throw new InvalidDataException($"its footer has {size} bytes, the file {end}");
        end -= TailBytes + size;
        var footer = new byte[size];
        FileBytes.Read(file, footer, end);
        return footer;
    }
}
