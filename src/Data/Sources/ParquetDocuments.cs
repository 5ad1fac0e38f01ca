using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace SparkTrain.Data;

/// <summary>
/// Reads Parquet files of other writers: a string column of text, or a list column of token ids, one document a row. Whatever is wrong with a file is reported as a <see cref="DataException"/> that names file
/// and row group.
/// </summary>
internal static class ParquetDocuments
{
    private const int MaxTextBytes = 1 << 30, MaxTokens = 1 << 28;

    private const string WriteAgain = "for example with DuckDB: COPY (FROM 'old.parquet') TO 'new.parquet' (COMPRESSION zstd)";

    private static readonly string[] UsualTokenColumns = ["tokens", "input_ids"];

    public static IEnumerable<SourceRecord> Read(string file, string textField, long skip = 0)
    {
        using var handle = Name(file, () => File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan));
        var footer = Name($"{file} footer", () => ParquetFooter.Read(RandomAccess.GetLength(handle), (into, offset) => FileBytes.Read(handle, into, offset)));
        var index = FindColumn(file, footer.Columns, textField);
        var column = footer.Columns[index];
        for (var group = 0; group < footer.RowGroups.Count; group++)
        {
            var (where, rows) = ($"{file} row group {group}", footer.RowGroups[group].Rows);
            var part = Name(where, () => footer.Find(group, index));
            if (skip >= rows)
            {
                skip -= rows;
                continue;
            }
            foreach (var record in Name(where, column.MaxRepetition == 0 ? Texts(handle, column, part, rows, where) : Lists(handle, column, part, rows, where)).Skip(skip)) yield return record;
            skip = 0;
        }
    }

    private static int FindColumn(string file, ParquetColumn[] columns, string textField)
    {
        var text = Array.FindIndex(columns, c => c.Name == textField && (c.IsText || c.IsNull) && c.MaxRepetition == 0);
        if (text >= 0) return text;
        int[] lists = [.. columns.Index().Where(c => c.Item.MaxRepetition == 1 && (c.Item.IsInteger || c.Item.IsNull) && c.Item.IsListOfValues).Select(c => c.Index)];
        int[] usual = [.. lists.Where(i => UsualTokenColumns.Contains(columns[i].Name.Split('.')[0]))];
        int[] integers = [.. lists.Where(i => columns[i].IsInteger)];
        return usual.Length > 0 ? usual[0] : integers.Length == 1 ? integers[0] : throw new DataException(file,
            $"its columns are {string.Join(", ", columns.Select(c => c.ToString()))}",
            $"a string column '{textField}', or a list of integers called tokens or input_ids", "name the text column by --text-field");
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
                if (bytes.Length > MaxTextBytes) throw new DataException($"{where} row {row}", $"a text has {bytes.Length} bytes", "at most 1 GiB", "cut the document");
                yield return bytes.IsEmpty ? TextRecord.Empty : new TextRecord(bytes.ToArray());   // the bytes of a page are gone with the next one
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
                long? value = reader.Definition[i] == column.MaxDefinition ? reader.Values[next++] : null;
                if (value is >= int.MinValue and <= int.MaxValue) tokens.Add((int)value);
                else throw new DataException($"{where} row {row}", $"a token is {value?.ToString(CultureInfo.InvariantCulture) ?? "null"}", "token ids", "correct the program that wrote the file");
                if (tokens.Count > MaxTokens) throw new DataException($"{where} row {row}", $"a list has more than {MaxTokens} tokens", "shorter documents", "cut the document");
            }
        }
        if (row >= 0) yield return new TokenRecord([.. tokens], $"{where} row {row}");
        RequireRows(row + 1, rows);
    }

    private static void RequireRows(long found, long expected)
    {
        if (found != expected) throw new InvalidDataException($"its column has {found} rows, the footer says {expected}");
    }

    private static IEnumerable<SourceRecord> Name(string where, IEnumerable<SourceRecord> records)
    {
        using var each = records.GetEnumerator();
        Func<bool> next = each.MoveNext;   // once, not for each document
        while (Name(where, next)) yield return each.Current;
    }

    private static T Name<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (NotSupportedException e)
        {
            throw new DataException(where, $"it cannot be read: {e.Message}", "Parquet as described in docs/data.md",
                $"write the file again, {WriteAgain}", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not EndOfStreamException)
        {
            throw new DataException(where, $"it cannot be read ({e.Message.TrimEnd('.')})", "a Parquet file", "look at its permissions and at the disk", e);
        }
        catch (Exception e) when (e is not DataException)
        {
            throw new DataException(where, $"it cannot be decoded ({e.GetType().Name}: {e.Message.TrimEnd('.')})", "a whole Parquet file", $"fetch the file again; if that changes nothing and another program reads it, write it with that one, {WriteAgain}", e);
        }
    }
}
