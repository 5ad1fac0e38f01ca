using Parquet;

namespace SparkTrain.Data;

/// <summary>
/// Reads the row groups of one file of a data set; every damage is reported as a <see cref="DataException"/> that names file and row group.
/// </summary>
internal sealed class ColumnReader : IDisposable
{
    public const string Restore = "copy the file again from where the data set was made, or prepare the data set again";

    private readonly string path, column;
    private readonly long count;
    private readonly CheckedStream stream;
    private readonly ParquetReader reader;
    private byte[] page = [];

    private ColumnReader(string path, string column, long count, CheckedStream stream, ParquetReader reader) =>
        (this.path, this.column, this.count, this.stream, this.reader) = (path, column, count, stream, reader);

    /// <summary>Opens a file that holds <paramref name="count"/> values in the column <paramref name="column"/>.</summary>
    public static ColumnReader Open(string folder, ColumnManifest file, string column, long count)
    {
        var path = Path.Combine(folder, file.File);
        if (!File.Exists(path)) throw new DataException(path, "there is no such file", $"a file of {count} {column}", Restore);
        CheckedStream? stream = null;
        try
        {
            stream = new CheckedStream(path, file.Checksums);
            if (stream.Length != file.FileBytes)
                throw new DataException(path, $"it has {stream.Length} bytes", $"{file.FileBytes} bytes", Restore);
            var reader = Wait(ParquetReader.CreateAsync(stream));
            if (reader.Schema.DataFields is not [var field] || field.Name != column || field.ClrType != typeof(int)
                || field.IsNullable || field.IsArray)
                throw new DataException(path, $"its columns are {string.Join(", ", reader.Schema.DataFields.Select(f => f.ToString()))}",
                    $"one required int32 column '{column}'", Restore);
            CheckRowGroups(reader, count, path);
            return new ColumnReader(path, column, count, stream, reader);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (e is DataException) throw;
            throw Damaged(path, "footer", e);
        }
    }

    /// <summary>
    /// Decodes row group <paramref name="group"/> to the beginning of <paramref name="into"/>, checks that every value is at least 0 and below <paramref name="limit"/>, and returns
    /// how many there are.
    /// </summary>
    public int ReadRowGroup(int group, Span<int> into, int limit)
    {
        var values = into[..RowsOf(count, group)];
        try
        {
            DecodePage(group, values);
        }
        catch (Exception e)
        {
            throw Damaged(path, $"row group {group}", e);
        }
        var wrong = values.IndexOfAnyExceptInRange(0, limit - 1);
        if (wrong >= 0)
            throw new DataException($"{path} row group {group}", $"{column[..^1]} {wrong} is {values[wrong]}",
                column == ColumnFormat.Tokens ? $"ids from 0 to {limit - 1}, the vocabulary of the data set's tokenizer" : $"lengths from 0 to {limit - 1}", Restore);
        return values.Length;
    }

    /// <summary>Decodes the whole file.</summary>
    public int[] ReadAll(int limit)
    {
        var all = new int[count];
        for (var (group, at) = (0, 0); at < all.Length; group++) at += ReadRowGroup(group, all.AsSpan(at), limit);
        return all;
    }

    public void Dispose()
    {
        Wait(reader.DisposeAsync());
        stream.Dispose();
    }

    // The writer makes one data page of every row group, uncompressed, and without levels, because nothing is null or repeated.
    private void DecodePage(int group, Span<int> values)
    {
        using var rowGroup = reader.OpenRowGroupReader(group);
        var chunk = rowGroup.GetMetadata(reader.Schema.DataFields[0])?.MetaData ?? throw new InvalidDataException("the column has no metadata");
        var length = checked((int)Math.Min(chunk.TotalCompressedSize, stream.Length - chunk.DataPageOffset));
        if (page.Length < length) page = new byte[length];
        stream.Position = chunk.DataPageOffset;
        stream.ReadExactly(page, 0, length);
        var header = PageHeader.Read(page.AsSpan(0, length));
        if (header is not { Type: PageHeader.DataPage, Encoding: PageHeader.DeltaBinaryPacked } || header.Bytes != header.UncompressedBytes || header.Bytes > length - header.HeaderBytes)
            throw new InvalidDataException($"a page of type {header.Type}, encoding {header.Encoding} and {header.Bytes} bytes");
        DeltaBinaryPacked.Decode(page.AsSpan(header.HeaderBytes, header.Bytes), values);
    }

    // A damaged footer may claim any layout; arrays and offsets go by the manifest, so the two must agree.
    private static void CheckRowGroups(ParquetReader reader, long count, string path)
    {
        var groups = (count + ColumnFormat.RowGroupValues - 1) / ColumnFormat.RowGroupValues;
        if (reader.RowGroupCount != groups)
            throw new DataException(path, $"it has {reader.RowGroupCount} row groups", $"{groups} for {count} values", Restore);
        for (var group = 0; group < groups; group++)
        {
            var rows = reader.RowGroups[group].RowCount;
            if (rows != RowsOf(count, group))
                throw new DataException($"{path} row group {group}", $"it holds {rows} values", $"{RowsOf(count, group)}", Restore);
        }
    }

    private static int RowsOf(long count, int group) =>
        (int)Math.Min(ColumnFormat.RowGroupValues, count - ((long)group * ColumnFormat.RowGroupValues));

    private static DataException Damaged(string path, string part, Exception e) =>
        new($"{path} {part}", $"it cannot be decoded ({e.GetType().Name}: {e.Message.TrimEnd('.')})",
            "a Parquet file as prepare wrote it", Restore, e);

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();
}
