using Parquet;
using Parquet.Schema;

namespace SparkTrain.Data;

/// <summary>Reads Parquet files of other writers: a string column of text, or a list column of token ids, one document a row.</summary>
internal static class ParquetDocuments
{
    private static readonly string[] UsualTokenColumns = ["tokens", "input_ids"];

    // Some damaged files make Parquet.Net loop forever (measured: one bit of the footer's length); a row group takes seconds at most.
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(5);

    public static IEnumerable<Document> Read(string file, string textField, SkippedDocuments skipped, TimeSpan? patience = null)
    {
        var limit = patience ?? DefaultPatience;
        using var stream = File.OpenRead(file);
        var reader = Guard(file, "footer", limit, () => ParquetReader.CreateAsync(stream).GetAwaiter().GetResult());
        try
        {
            var column = FindColumn(file, reader.Schema.DataFields, textField);
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                var documents = Guard(file, $"row group {group}", limit, () => ReadRowGroup(file, reader, group, column));
                foreach (var document in documents)
                {
                    var isEmpty = document.Tokens is { Length: 0 } || (document.Tokens is null && string.IsNullOrWhiteSpace(document.Text));
                    if (isEmpty) skipped.Empty++;
                    else yield return document;
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static DataField FindColumn(string file, DataField[] fields, string textField)
    {
        var text = Array.Find(fields, f => f.Name == textField && IsText(f) && f.MaxRepetitionLevel == 0);
        if (text is not null) return text;
        DataField[] lists = [.. fields.Where(f => f.MaxRepetitionLevel == 1 && (f.ClrType == typeof(int) || f.ClrType == typeof(long)))];
        return Array.Find(lists, f => UsualTokenColumns.Contains(f.Path.FirstPart))
            ?? (lists.Length == 1 ? lists[0] : throw new DataException(file,
                $"its columns are {string.Join(", ", fields.Select(f => $"{f.Path} ({(IsText(f) ? "string" : f.ClrType.Name)})"))}",
                $"a string column '{textField}', or a list of int32 or int64 called tokens or input_ids",
                    "name the text column by --text-field"));
    }

    private static bool IsText(DataField field) => field.ClrType == typeof(ReadOnlyMemory<char>) || field.ClrType == typeof(string);

    private static Document[] ReadRowGroup(string file, ParquetReader reader, int group, DataField column)
    {
        using var rows = reader.OpenRowGroupReader(group);
        if (IsText(column))
        {
            var texts = new string?[checked((int)rows.RowCount)];
            rows.ReadAsync(column, texts.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(texts, t => new Document(t ?? ""));
        }
        var count = checked((int)rows.GetMetadata(column)!.MetaData!.NumValues);
        var (definition, repetition) = (new int[count], new int[count]);
        var values = new int[count];
        if (column.ClrType == typeof(int))
            rows.ReadRawAsync<int>(column, values, definition, repetition, default).AsTask().GetAwaiter().GetResult();
        else
        {
            var wide = new long[count];
            rows.ReadRawAsync<long>(column, wide, definition, repetition, default).AsTask().GetAwaiter().GetResult();
            values = Array.ConvertAll(wide, v => v is >= 0 and <= int.MaxValue ? (int)v : -1);
        }
        return [.. Lists(file, group, column.MaxDefinitionLevel, values, definition, repetition)];
    }

    // A row begins where the repetition level is 0; an empty or missing list has one entry whose definition level is too low for a value.
    private static IEnumerable<Document> Lists(string file, int group, int maxDefinition, int[] values, int[] definition, int[] repetition)
    {
        var (next, row) = (0, 0);
        for (var start = 0; start < repetition.Length;)
        {
            var end = start + 1;
            while (end < repetition.Length && repetition[end] > 0) end++;
            var count = definition.AsSpan(start, end - start).Count(maxDefinition);
            yield return new Document(values.AsSpan(next, count).ToArray(), $"{file} row group {group} row {row++}");
            next += count;
            start = end;
        }
    }

    private static T Guard<T>(string file, string part, TimeSpan limit, Func<T> read)
    {
        try
        {
            return Task.Run(read).WaitAsync(limit).GetAwaiter().GetResult();
        }
        catch (NotImplementedException e)
        {
            throw new DataException($"{file} {part}", $"Parquet.Net cannot read it ({e.Message.TrimEnd('.')})",
                "lists in data pages of version 1",
                "write the file again with data page version 1 (pyarrow: data_page_version=\"1.0\")", e);
        }
        catch (TimeoutException e)
        {
            throw new DataException($"{file} {part}", $"decoding it has not ended after {limit.TotalSeconds:0.#} s",
                "a whole Parquet file", "fetch the file again; it is damaged", e);
        }
        catch (Exception e) when (e is not DataException)
        {
            throw new DataException($"{file} {part}", $"it cannot be decoded ({e.GetType().Name}: {e.Message.TrimEnd('.')})",
                "a whole Parquet file", "fetch the file again", e);
        }
    }
}
