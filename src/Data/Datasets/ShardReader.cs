using Parquet;

namespace SparkTrain.Data;

/// <summary>
/// Reads the row groups of one shard; every damage is reported as a <see cref="DataException"/> that names file and row group.
/// </summary>
internal sealed class ShardReader : IDisposable
{
    private const string Restore = "copy the file again from where the data set was made, or prepare the data set again";

    private readonly string path;
    private readonly ShardManifest shard;
    private readonly int vocabSize;
    private readonly CheckedStream stream;
    private readonly ParquetReader reader;

    private ShardReader(string path, ShardManifest shard, int vocabSize, CheckedStream stream, ParquetReader reader) =>
        (this.path, this.shard, this.vocabSize, this.stream, this.reader) = (path, shard, vocabSize, stream, reader);

    public static ShardReader Open(string folder, ShardManifest shard, int vocabSize)
    {
        var path = Path.Combine(folder, shard.File);
        if (!File.Exists(path)) throw new DataException(path, "there is no such file", $"a shard of {shard.Tokens} tokens", Restore);
        var stream = new CheckedStream(path, shard.Checksums);
        try
        {
            if (stream.Length != shard.FileBytes)
                throw new DataException(path, $"it has {stream.Length} bytes", $"{shard.FileBytes} bytes", Restore);
            var reader = Wait(ParquetReader.CreateAsync(stream));
            if (reader.Schema.DataFields is not [{ Name: ShardFormat.ColumnName } field] || field.ClrType != typeof(int)
                || field.IsNullable || field.IsArray)
                throw new DataException(path, $"its columns are {string.Join(", ", reader.Schema.DataFields.Select(f => f.ToString()))}",
                    "one required int32 column 'tokens'", Restore);
            CheckRowGroups(reader, shard, path);
            return new ShardReader(path, shard, vocabSize, stream, reader);
        }
        catch (Exception e)
        {
            stream.Dispose();
            if (e is DataException) throw;
            throw Damaged(path, "footer", e);
        }
    }

    /// <summary>Decodes row group <paramref name="group"/> and checks that every id is in the vocabulary.</summary>
    public int[] ReadRowGroup(int group)
    {
        var tokens = GC.AllocateUninitializedArray<int>(RowsOf(shard, group));
        try
        {
            using var rowGroup = reader.OpenRowGroupReader(group);
            var column = reader.Schema.DataFields[0];
            Wait(rowGroup.ReadRawAsync<int>(column, tokens, null, null, default));
        }
        catch (Exception e)
        {
            throw Damaged(path, $"row group {group}", e);
        }
        for (var i = 0; i < tokens.Length; i++)
            if ((uint)tokens[i] >= (uint)vocabSize)
                throw new DataException($"{path} row group {group}", $"token {i} is {tokens[i]}",
                    $"ids from 0 to {vocabSize - 1}, the vocabulary of the data set's tokenizer", Restore);
        return tokens;
    }

    public void Dispose()
    {
        Wait(reader.DisposeAsync());
        stream.Dispose();
    }

    // A damaged footer may claim any layout; arrays and offsets go by the manifest, so the two must agree.
    private static void CheckRowGroups(ParquetReader reader, ShardManifest shard, string path)
    {
        var groups = (shard.Tokens + ShardFormat.RowGroupTokens - 1) / ShardFormat.RowGroupTokens;
        if (reader.RowGroupCount != groups)
            throw new DataException(path, $"it has {reader.RowGroupCount} row groups", $"{groups} for {shard.Tokens} tokens", Restore);
        for (var group = 0; group < groups; group++)
        {
            var rows = reader.RowGroups[group].RowCount;
            if (rows != RowsOf(shard, group))
                throw new DataException($"{path} row group {group}", $"it holds {rows} tokens", $"{RowsOf(shard, group)}", Restore);
        }
    }

    private static int RowsOf(ShardManifest shard, int group) =>
        (int)Math.Min(ShardFormat.RowGroupTokens, shard.Tokens - ((long)group * ShardFormat.RowGroupTokens));

    private static DataException Damaged(string path, string part, Exception e) =>
        new($"{path} {part}", $"it cannot be decoded ({e.GetType().Name}: {e.Message.TrimEnd('.')})",
            "a Parquet shard as prepare wrote it", Restore, e);

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();
}
