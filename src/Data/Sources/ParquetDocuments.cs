using Parquet;

namespace SparkTrain.Data;

/// <summary>Reads Parquet files of other writers: a column of text, or a list column of token ids, one document a row. A row group is in memory at a time.</summary>
internal static class ParquetDocuments
{
    // Some damaged files make Parquet.Net loop forever (measured: one bit of the footer's length); a row group takes seconds at most.
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(5);

    public static IEnumerable<SourceRecord> Read(string file, string textField, long skip = 0, TimeSpan? patience = null)
    {
        var limit = patience ?? DefaultPatience;
        using var stream = File.OpenRead(file);
        var reader = Guard(file, "footer", limit, () => ParquetReader.CreateAsync(stream).GetAwaiter().GetResult());
        try
        {
            var column = ParquetColumn.Find(file, reader.Schema, textField);
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                var rows = reader.RowGroups[group];
                if (skip >= rows.RowCount)
                {
                    skip -= rows.RowCount;
                    continue;
                }
                var part = $"row group {group}";
                foreach (var record in Guard(file, part, limit, () => column.Read(rows, $"{file} {part}")).Skip(skip)) yield return record;
                skip = 0;
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
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
