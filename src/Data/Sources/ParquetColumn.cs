using System.Numerics;
using Parquet;
using Parquet.Schema;

namespace SparkTrain.Data;

/// <summary>The column of a Parquet file that holds the documents.</summary>
internal abstract class ParquetColumn
{
    private static readonly string[] UsualTokenColumns = ["tokens", "input_ids"];

    /// <summary>
    /// Finds the column of text called <paramref name="textField"/>, else the list of whole numbers that holds tokens. Throws <see cref="DataException"/> naming all columns where there is neither.
    /// </summary>
    public static ParquetColumn Find(string file, ParquetSchema schema, string textField)
    {
        var fields = schema.DataFields;
        if (Array.Find(fields, f => f.Path.Length == 1 && f.Name == textField && IsText(f)) is { } text) return new TextColumn(text);
        DataField[] lists = [.. fields.Where(f => f.MaxRepetitionLevel == 1 && TokenColumn.Reads(f))];
        return (Array.Find(lists, f => UsualTokenColumns.Contains(f.Path.FirstPart)) ?? (lists.Length == 1 ? lists[0] : null)) is { } tokens ? new TokenColumn(tokens)
            : throw new DataException(file, $"its columns are {string.Join(", ", fields.Select(Describe))}",
                $"a column '{textField}' of strings, or a list of whole numbers called tokens or input_ids", "name the text column by --text-field");
    }

    /// <summary>Reads the column's rows. Errors begin with <paramref name="where"/>.</summary>
    public abstract SourceRecord[] Read(ParquetRowGroupReader rows, string where);

    // Strings, and bytes without an annotation: whether they are text shows when they are decoded.
    private static bool IsText(DataField field) => field.MaxRepetitionLevel == 0
        && (field.ClrType == typeof(ReadOnlyMemory<char>) || field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<byte>) || field.ClrType == typeof(byte[]));

    private static string Describe(DataField field) =>
        $"{field.Path} ({string.Concat(Enumerable.Repeat("list of ", field.MaxRepetitionLevel))}{(IsText(field) ? "string" : field.ClrType.Name)})";
}

/// <summary>Text, one a row. It is read as bytes, since the library would put U+FFFD for bytes that are not UTF-8.</summary>
internal sealed class TextColumn : ParquetColumn
{
    private readonly DataField bytes;

    public TextColumn(DataField column)
    {
        bytes = new DataField(column.Name, typeof(byte[]), column.IsNullable);
        _ = new ParquetSchema(bytes);   // gives the field its path and level
    }

    public override SourceRecord[] Read(ParquetRowGroupReader rows, string where)
    {
        var count = checked((int)rows.RowCount);
        var (texts, definition) = (new ReadOnlyMemory<byte>[count], new int[count]);
        rows.ReadRawAsync(bytes, texts.AsMemory(), bytes.IsNullable ? definition : (Memory<int>?)null, null).AsTask().GetAwaiter().GetResult();
        return [.. Records(texts, definition, bytes.MaxDefinitionLevel)];
    }

    // Texts that are there stand one after another; a missing one is an empty document.
    private static IEnumerable<SourceRecord> Records(ReadOnlyMemory<byte>[] texts, int[] definition, int present)
    {
        var next = 0;
        foreach (var level in definition) yield return new TextRecord(level == present ? texts[next++] : default);
    }
}

/// <summary>Lists of token ids, one a row.</summary>
internal sealed class TokenColumn(DataField column) : ParquetColumn
{
    private static readonly Dictionary<Type, Func<ParquetRowGroupReader, DataField, int[], int[], int[]>> Readers = new()
    {
        [typeof(int)] = ReadValues<int>, [typeof(long)] = ReadValues<long>, [typeof(short)] = ReadValues<short>,
        [typeof(uint)] = ReadValues<uint>, [typeof(ulong)] = ReadValues<ulong>, [typeof(ushort)] = ReadValues<ushort>,
    };

    public static bool Reads(DataField field) => Readers.ContainsKey(field.ClrType);

    public override SourceRecord[] Read(ParquetRowGroupReader rows, string where)
    {
        var count = checked((int)rows.GetMetadata(column)!.MetaData!.NumValues);
        var (definition, repetition) = (new int[count], new int[count]);
        var values = Readers[column.ClrType](rows, column, definition, repetition);
        return [.. Records(values, definition, repetition, where)];
    }

    // Ids too large for an int become the largest one, which no vocabulary has.
    private static int[] ReadValues<T>(ParquetRowGroupReader rows, DataField column, int[] definition, int[] repetition) where T : struct, INumber<T>
    {
        var values = new T[definition.Length];
        rows.ReadRawAsync<T>(column, values, definition, repetition).AsTask().GetAwaiter().GetResult();
        return values as int[] ?? Array.ConvertAll(values, int.CreateSaturating);
    }

    // A row begins where the repetition level is 0; an empty or missing list has one entry whose definition level is too low for a value. Where elements may be null, those have the level just below.
    private IEnumerable<SourceRecord> Records(int[] values, int[] definition, int[] repetition, string where)
    {
        var (next, row, present) = (0, 0, column.MaxDefinitionLevel);
        var missing = column is { IsNullable: true, IsArray: false } ? present - 1 : -1;
        for (var start = 0; start < repetition.Length; row++)
        {
            var end = start + 1;
            while (end < repetition.Length && repetition[end] > 0) end++;
            var levels = definition.AsSpan(start, end - start);
            if (levels.IndexOf(missing) is var at and >= 0)
                throw new DataException($"{where} row {row}", $"its token {at} is null", "whole numbers", "write the file again without nulls inside the lists");
            var count = levels.Count(present);
            yield return new TokenRecord(values.AsSpan(next, count).ToArray(), $"{where} row {row}");
            next += count;
            start = end;
        }
    }
}
