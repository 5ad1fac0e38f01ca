using System.Buffers.Binary;
using SparkTrain.Input;

namespace SparkTrain.Parquet;

/// <summary>What the end of a Parquet file says of it (parquet.thrift, FileMetaData).</summary>
/// <param name="Columns">The leaves of the schema.</param>
/// <param name="RowGroups">Where the values of each lie.</param>
/// <param name="End">Where the columns end and the footer begins.</param>
public sealed record ParquetFooter(ParquetColumn[] Columns, IReadOnlyList<ParquetRowGroup> RowGroups, long End)
{
    /// <summary>Physical types.</summary>
    public const int Int32 = 1, Int64 = 2, ByteArray = 6;

    private const int TailBytes = 8;
    private const string Encrypted = "it is encrypted";

    /// <summary>Reads the footer of a file of <paramref name="length"/> bytes. Throws <see cref="InvalidDataException"/> where it is damaged, <see cref="NotSupportedException"/> where it is encrypted.</summary>
    public static ParquetFooter Read(long length, ReadAt read)
    {
        if (length < TailBytes + 4) throw new InvalidDataException($"it has {length} bytes");
        var tail = new byte[TailBytes];
        read(tail, length - TailBytes);
        if (tail.AsSpan(4).SequenceEqual("PARE"u8)) throw new NotSupportedException(Encrypted);
        if (!tail.AsSpan(4).SequenceEqual("PAR1"u8)) throw new InvalidDataException("it does not end with PAR1");
        var footerBytes = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (footerBytes > length - TailBytes - 4) throw new InvalidDataException($"its footer has {footerBytes} bytes, the file {length}");
        var footer = new byte[footerBytes];
        var end = length - TailBytes - footerBytes;
        read(footer, end);
        return Parse(footer, end);
    }

    /// <summary>
    /// Returns where the values of column number <paramref name="column"/> lie in row group <paramref name="group"/>. Throws <see cref="InvalidDataException"/> where that cannot be,
    /// <see cref="NotSupportedException"/> where they cannot be reached.
    /// </summary>
    public ColumnPart Find(int group, int column)
    {
        var (rows, parts) = RowGroups[group];
        if (rows < 0 || parts.Count != Columns.Length) throw new InvalidDataException($"it has {rows} rows and {parts.Count} columns, the schema {Columns.Length}");
        var part = parts[column];
        if (part.Obstacle is { } obstacle) throw new NotSupportedException(obstacle);
        // Pages lie between the file's first four bytes and its footer.
        if (part.Type != Columns[column].Type || part.Values < 0 || (part.Values > 0 && (part.Start < 4 || part.Bytes < 0 || part.Bytes > End - part.Start)))
            throw new InvalidDataException($"it has {part.Values} values of type {part.Type} in {part.Bytes} bytes from {part.Start} on, the column is of type {Columns[column].Type} and the columns end at {End}");
        return part;
    }

    private static ParquetFooter Parse(ReadOnlySpan<byte> bytes, long end)
    {
        var reader = new ThriftReader(bytes);
        var (columns, groups, rows) = (Array.Empty<ParquetColumn>(), new List<ParquetRowGroup>(), -1L);
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            switch (field, type)
            {
                case (2, ThriftReader.List): columns = SchemaReader.Read(ref reader); break;
                case (3, ThriftReader.Int64): rows = reader.ReadLong(); break;
                case (4, ThriftReader.List):
                    for (var left = ReadStructs(ref reader); left > 0; left--) groups.Add(ReadRowGroup(ref reader));
                    break;
                default: reader.Skip(type); break;
            }
        }
        // A damaged list may end early without any other trace.
        var sum = groups.Sum(group => (decimal)group.Rows);
        return sum == rows ? new ParquetFooter(columns, groups, end) : throw new InvalidDataException($"it has {rows} rows, its row groups {sum}");
    }

    private static ParquetRowGroup ReadRowGroup(ref ThriftReader reader)
    {
        var (parts, rows) = (new List<ColumnPart>(), -1L);
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            switch (field, type)
            {
                case (1, ThriftReader.List):
                    for (var left = ReadStructs(ref reader); left > 0; left--) parts.Add(ReadPart(ref reader));
                    break;
                case (3, ThriftReader.Int64): rows = reader.ReadLong(); break;
                default: reader.Skip(type); break;
            }
        }
        return new ParquetRowGroup(rows, parts);
    }

    private static ColumnPart ReadPart(ref ThriftReader reader)
    {
        var (part, obstacle) = (default(ColumnPart), (string?)null);
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            if (field == 1) obstacle = "its values lie in another file";
            if (field == 8) obstacle = Encrypted;
            if (field == 3 && type == ThriftReader.Struct) part = ReadMetadata(ref reader);
            else reader.Skip(type);
        }
        return part with { Obstacle = obstacle };
    }

    private static ColumnPart ReadMetadata(ref ThriftReader reader)
    {
        var (part, dictionary) = (default(ColumnPart), 0L);
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32): part = part with { Type = reader.ReadInt() }; break;
                case (4, ThriftReader.Int32): part = part with { Codec = reader.ReadInt() }; break;
                case (5, ThriftReader.Int64): part = part with { Values = reader.ReadLong() }; break;
                case (7, ThriftReader.Int64): part = part with { Bytes = reader.ReadLong() }; break;
                case (9, ThriftReader.Int64): part = part with { Start = reader.ReadLong() }; break;
                case (11, ThriftReader.Int64): dictionary = reader.ReadLong(); break;
                default: reader.Skip(type); break;
            }
        }
        // Some writers give 0 where there is no dictionary.
        return dictionary is > 0 && dictionary < part.Start ? part with { Start = dictionary } : part;
    }

    private static int ReadStructs(ref ThriftReader reader) =>
        reader.ReadListHead(out var type) is var count && (type == ThriftReader.Struct || count == 0) ? count : throw new InvalidDataException($"a list of type {type} where structs are due");
}

/// <summary>Some rows of a Parquet file.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Parts">Where each column's values lie.</param>
public sealed record ParquetRowGroup(long Rows, IReadOnlyList<ColumnPart> Parts);

/// <summary>The values of a column in a row group: pages, one after another.</summary>
/// <param name="Type">Physical type.</param>
/// <param name="Codec">How pages are compressed.</param>
/// <param name="Values">Values, nulls and empty lists included.</param>
/// <param name="Start">Where the first page begins in the file.</param>
/// <param name="Bytes">Size of all pages in the file.</param>
/// <param name="Obstacle">Why they cannot be reached, if so.</param>
public readonly record struct ColumnPart(int Type, int Codec, long Values, long Start, long Bytes, string? Obstacle);
