using SparkTrain.Input;
using SparkTrain.Parquet;

namespace SparkTrain.Data;

/// <summary>
/// Reads the row groups of one file of a data set; every damage is reported as a <see cref="DataException"/> that names file and row group.
/// </summary>
internal sealed class ColumnReader : IDisposable
{
    public const string Restore = "copy the file again from where the data set was made, or prepare the data set again";

    private readonly string path, column;
    private readonly long count;
    private readonly CheckedFile bytes;
    private readonly ParquetFooter footer;
    private byte[] page = [];

    private ColumnReader(string path, string column, long count, CheckedFile bytes, ParquetFooter footer) =>
        (this.path, this.column, this.count, this.bytes, this.footer) = (path, column, count, bytes, footer);

    /// <summary>Opens a file that holds <paramref name="count"/> values in the column <paramref name="column"/>.</summary>
    public static ColumnReader Open(string folder, ColumnManifest file, string column, long count)
    {
        var path = Path.Combine(folder, file.File);
        if (!File.Exists(path)) throw new DataException(path, "there is no such file", $"a file of {count} {column}", Restore);
        CheckedFile? bytes = null;
        try
        {
            bytes = new CheckedFile(path, file.Checksums);
            if (bytes.Length != file.FileBytes)
                throw new DataException(path, $"it has {bytes.Length} bytes", $"{file.FileBytes} bytes", Restore);
            var footer = ParquetFooter.Read(bytes.Length, bytes.ReadAt);
            if (footer.Columns is not [{ Type: ParquetFooter.Int32, IsInteger: true, MaxDefinition: 0 } only] || only.Name != column)
                throw new DataException(path, $"its columns are {string.Join(", ", footer.Columns.AsEnumerable())}", $"one required int32 column '{column}'", Restore);
            CheckRowGroups(footer, count, path);
            return new ColumnReader(path, column, count, bytes, footer);
        }
        catch (Exception e)
        {
            bytes?.Dispose();
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

    public void Dispose() => bytes.Dispose();

    // The writer makes one data page of every row group, uncompressed, and without levels, because nothing is null or repeated.
    private void DecodePage(int group, Span<int> values)
    {
        var part = footer.Find(group, 0);
        var length = checked((int)part.Bytes);
        if (page.Length < length) page = new byte[length];
        bytes.ReadAt(page.AsSpan(0, length), part.Start);
        var header = PageHeader.Read(page.AsSpan(0, length));
        if (header is not { Type: PageHeader.DataPage, Encoding: PageHeader.DeltaBinaryPacked } || header.Bytes != header.UncompressedBytes || header.Bytes > length - header.HeaderBytes)
            throw new InvalidDataException($"a page of type {header.Type}, encoding {header.Encoding} and {header.Bytes} bytes");
        DeltaBinaryPacked.Decode(page.AsSpan(header.HeaderBytes, header.Bytes), values);
    }

    // A damaged footer may claim any layout; arrays and offsets go by the manifest, so the two must agree.
    private static void CheckRowGroups(ParquetFooter footer, long count, string path)
    {
        var groups = (count + ColumnFormat.RowGroupValues - 1) / ColumnFormat.RowGroupValues;
        if (footer.RowGroups.Count != groups)
            throw new DataException(path, $"it has {footer.RowGroups.Count} row groups", $"{groups} for {count} values", Restore);
        for (var group = 0; group < groups; group++)
        {
            var rows = footer.RowGroups[group].Rows;
            if (rows != RowsOf(count, group))
                throw new DataException($"{path} row group {group}", $"it holds {rows} values", $"{RowsOf(count, group)}", Restore);
        }
    }

    private static int RowsOf(long count, int group) =>
        (int)Math.Min(ColumnFormat.RowGroupValues, count - ((long)group * ColumnFormat.RowGroupValues));

    private static DataException Damaged(string path, string part, Exception e) => e is IOException or UnauthorizedAccessException
        ? new($"{path} {part}", $"it cannot be read ({e.Reason()})", "a Parquet file as prepare wrote it", "look at the file's permissions and at the disk", e)
        : new($"{path} {part}", $"it cannot be decoded ({e.GetType().Name}: {e.Reason()})", "a Parquet file as prepare wrote it", Restore, e);
}
