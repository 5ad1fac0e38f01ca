using Microsoft.Win32.SafeHandles;
using SparkTrain.Input;
using SparkTrain.Parquet;

namespace SparkTrain.Data;

/// <summary>
/// Reads Parquet files of other writers: a string column of text, or a list column of token ids, one document a row. Whatever is wrong with a file is reported as a <see cref="DataException"/> that names file
/// and row group.
/// </summary>
internal static class ParquetDocuments
{
    private static readonly ForeignFormat Parquet = new("Parquet", "for example with DuckDB: COPY (FROM 'old.parquet') TO 'new.parquet' (COMPRESSION zstd)");

    public static IEnumerable<SourceRecord> Read(string file, string textField, long skip = 0)
    {
        RegularFile.Require(file);
        using var handle = Parquet.Read(file, () => File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan));
        var footer = Parquet.Read($"{file} footer", () => ParquetFooter.Read(RandomAccess.GetLength(handle), (into, offset) => FileBytes.Read(handle, into, offset)));
        var column = ForeignColumns.Choose(file, [.. footer.Columns.Select(c => new ForeignColumn<ParquetColumn>(c, c.Name, c.IsText, c.IsTokens, c.IsIntegers))], textField);
        int index = Array.IndexOf(footer.Columns, column);
        for (var group = 0; group < footer.RowGroups.Count; group++)
        {
            var (where, rows) = ($"{file} row group {group}", footer.RowGroups[group].Rows);
            var part = Parquet.Read(where, () => footer.Find(group, index));
            if (skip >= rows)
            {
                skip -= rows;
                continue;
            }
            foreach (var record in Parquet.ReadEach(where, column.IsText ? Texts(handle, column, part, rows, where) : Lists(handle, column, part, rows, where)).Skip(skip)) yield return record;
            skip = 0;
        }
    }

    private static IEnumerable<SourceRecord> Texts(SafeFileHandle file, ParquetColumn column, ColumnPart part, long rows, string where)
    {
        var reader = new ColumnPartReader<ReadOnlyMemory<byte>>(file, column, part, column.IsNull ? new NullPages<ReadOnlyMemory<byte>>() : new BytePages());
        var row = 0L;
        for (var count = reader.Read(); count > 0; count = reader.Read())
        {
            for (var (i, next) = (0, 0); i < count; i++, row++)
            {
                var bytes = reader.Definition[i] == column.MaxDefinition ? reader.Values[next++] : default;
                yield return ForeignColumns.Text(bytes.Span, where, row);   // the bytes of a page are gone with the next one
            }
        }
        RequireRows(row, rows);
    }

    // A row begins where the repetition level is 0; an empty or missing list has one entry whose definition level is too low for an element.
    private static IEnumerable<SourceRecord> Lists(SafeFileHandle file, ParquetColumn column, ColumnPart part, long rows, string where)
    {
        var reader = new ColumnPartReader<long>(file, column, part, column.IsNull ? new NullPages<long>() : new IntegerPages(column.Type, column.Meaning == ColumnMeaning.Unsigned));
        var (tokens, row) = (new List<int>(), -1L);
        for (var count = reader.Read(); count > 0; count = reader.Read())
        {
            for (var (i, next) = (0, 0); i < count; i++)
            {
                var hasElement = reader.Definition[i] >= column.ListDefinition;
                if (reader.Repetition[i] == 0)
                {
                    if (row++ >= 0) yield return new TokenRecord([.. tokens], $"{where} row {row - 1}");
                    tokens.Clear();
                }
                else if (row < 0 || !hasElement) throw new InvalidDataException("a list goes on where none has begun");
                if (!hasElement) continue;
                tokens.AddToken(reader.Definition[i] == column.MaxDefinition ? reader.Values[next++] : null, where, row);
            }
        }
        if (row >= 0) yield return new TokenRecord([.. tokens], $"{where} row {row}");
        RequireRows(row + 1, rows);
    }

    private static void RequireRows(long found, long expected)
    {
        if (found != expected) throw new InvalidDataException($"its column has {found} rows, the footer says {expected}");
    }
}
