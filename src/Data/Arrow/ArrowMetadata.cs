using System.Buffers.Binary;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Checks the metadata of Arrow's messages (Arrow format, Message.fbs and Schema.fbs) before Apache.Arrow reads them, which trusts them: fields inside fields without end would end the process, lists and texts
/// that share their bytes would fill the memory.
/// </summary>
internal static class ArrowMetadata
{
    private const int SchemaHeader = 1, DictionaryHeader = 2, BatchHeader = 3, TimestampType = 10;
    private const long MostByLz4 = 255, MostByZstd = 1 << 15;
    private const int MaxDepth = 32, MaxFields = 1 << 16, StructBytes = 16;

    /// <summary>Checks a message and returns the bytes of its body.</summary>
    /// <param name="metadata">The message.</param>
    /// <param name="body">Reads from the body, which follows it.</param>
    /// <exception cref="InvalidDataException">It makes no sense, or claims more than there can be.</exception>
    /// <exception cref="NotSupportedException">It is written in a way that is not read.</exception>
    public static long Check(ReadOnlySpan<byte> metadata, ReadAt body)
    {
        var message = FlatTable.Root(metadata);
        long bodyBytes = message.Number(3, sizeof(long));
        if (!message.TryTable(2, out var header)) throw new InvalidDataException("a message without a content");
        switch (message.Number(1, sizeof(byte)))
        {
            case SchemaHeader when bodyBytes == 0: CheckSchema(header, metadata.Length); break;
            case BatchHeader: CheckBatch(header, bodyBytes, body); break;
            case DictionaryHeader when header.TryTable(1, out var batch): CheckBatch(batch, bodyBytes, body); break;
            case var type: throw new InvalidDataException($"a message of type {type} with a body of {bodyBytes} bytes");
        }
        return bodyBytes;
    }

    private static void CheckSchema(FlatTable schema, int bytes)
    {
        if (schema.Number(0, sizeof(short)) != 0) throw new NotSupportedException("its numbers have the high byte first");
        // Names and notes lie apart from each other, so together they are no longer than the message.
        var (fields, text) = (0, 0L);
        CountNotes(schema, 2, ref text);
        for (int i = 0; i < schema.CountTables(1); i++) CountField(schema.TableAt(1, i), 0, ref fields, ref text);
        if (text > bytes) throw new InvalidDataException($"its names and notes have {text} bytes in a message of {bytes}");
    }

    private static void CountField(FlatTable field, int depth, ref int fields, ref long text)
    {
        if (depth > MaxDepth || ++fields > MaxFields) throw new InvalidDataException($"fields more than {MaxDepth} deep, or more than {MaxFields}");
        text += field.Text(0).Length;
        CountNotes(field, 6, ref text);
        if (field.Number(2, sizeof(byte)) == TimestampType && field.TryTable(3, out var timestamp)) text += timestamp.Text(1).Length;
        for (int i = 0; i < field.CountTables(5); i++) CountField(field.TableAt(5, i), depth + 1, ref fields, ref text);
    }

    private static void CountNotes(FlatTable table, int field, ref long text)
    {
        for (int i = 0; i < table.CountTables(field); i++)
        {
            var note = table.TableAt(field, i);
            text += note.Text(0).Length + note.Text(1).Length;
        }
    }

    private static void CheckBatch(FlatTable batch, long bodyBytes, ReadAt body)
    {
        batch.Elements(1, StructBytes, out _);
        var buffers = batch.Elements(2, StructBytes, out int count);
        var extra = batch.Elements(4, sizeof(long), out int extras);
        for (int i = 0; i < extras; i++)
            if (BinaryPrimitives.ReadInt64LittleEndian(extra[(i * sizeof(long))..]) is var n && (n < 0 || n > count)) throw new InvalidDataException($"{n} buffers of a column where there are {count} in all");
        bool isPacked = batch.TryTable(3, out var compression);
        long unpacked = 0;
        Span<byte> claim = stackalloc byte[sizeof(long)];
        for (int i = 0; i < count; i++)
        {
            long start = BinaryPrimitives.ReadInt64LittleEndian(buffers[(i * StructBytes)..]), length = BinaryPrimitives.ReadInt64LittleEndian(buffers[((i * StructBytes) + sizeof(long))..]);
            if (start < 0 || length < 0 || length > bodyBytes - start) throw new InvalidDataException($"a buffer of {length} bytes from {start} on in a body of {bodyBytes}");
            if (!isPacked || length == 0) continue;
            if (length < sizeof(long)) throw new InvalidDataException($"a packed buffer of {length} bytes");
            body(claim, start);
            unpacked += Unpacked(BinaryPrimitives.ReadInt64LittleEndian(claim), length, isLz4: compression.Number(0, sizeof(byte)) == 0);
            if (unpacked > ArrowMemory.MaxBytes) throw new NotSupportedException($"a record batch unpacks to more than {ArrowMemory.MaxBytes} bytes");
        }
    }

    // Packed buffers begin with their size when unpacked; −1 stands for one that is not packed. A byte of LZ4 stands for at most 255; four of zstd for at most a block of 128 KiB.
    private static long Unpacked(long claim, long length, bool isLz4) => claim switch
    {
        -1 => 0,
        < 0 => throw new InvalidDataException($"a buffer that unpacks to {claim} bytes"),
        > ArrowMemory.MaxBytes => throw new NotSupportedException($"a record batch unpacks to more than {ArrowMemory.MaxBytes} bytes"),
        _ when claim > (isLz4 ? MostByLz4 : MostByZstd) * length => throw new InvalidDataException($"a buffer of {length} bytes that claims to unpack to {claim}"),
        _ => claim,
    };
}
