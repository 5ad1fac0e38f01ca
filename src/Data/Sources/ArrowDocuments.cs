using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using SparkTrain.Input;
using ArrowBatch = Apache.Arrow.RecordBatch;

namespace SparkTrain.Data;

/// <summary>
/// Reads Arrow files, streams and files alike: a column of text, or a list column of token ids, one document a row, chosen as for Parquet. Memory holds a record batch and the dictionaries. Whatever is wrong with
/// a file is reported as a <see cref="DataException"/> that names file and record batch.
/// </summary>
internal static class ArrowDocuments
{
    private static readonly ForeignFormat Arrow = new("Arrow", "in smaller record batches or as Parquet, for example with pyarrow: pyarrow.parquet.write_table(table, 'new.parquet')");

    private static readonly CompressionCodecFactory Codecs = new();

    public static IEnumerable<SourceRecord> Read(string file, string textField, long skip = 0)
    {
        using var messages = Arrow.Read(file, () => new ArrowMessages(file));
        using var reader = new ArrowStreamReader(new ArrowContext(new ArrowMemory(), Codecs, new ExtensionTypeRegistry()), messages);
        var schema = Arrow.Read($"{file} schema", () => reader.Schema ?? throw new InvalidDataException("it is empty"));
        var column = ForeignColumns.Choose(file, [.. ArrowColumn.Of(schema.FieldsList).Select(c => new ForeignColumn<ArrowColumn>(c, c.Name, c.IsText, c.IsTokens, c.IsIntegers))], textField);
        // A batch is not disposed: that would take the dictionaries along, which the next ones need. The garbage collector frees its memory.
        for (long number = 0; Arrow.Read($"{file} record batch {number}", reader.ReadNextRecordBatch) is { } batch; number++)
        {
            if (skip >= batch.Length)
            {
                skip -= batch.Length;
                continue;
            }
            string where = string.Create(CultureInfo.InvariantCulture, $"{file} record batch {number}");
            foreach (var record in Arrow.ReadEach(where, column.IsText ? Texts(batch, column, (int)skip, where) : Lists(batch, column, (int)skip, where))) yield return record;
            skip = 0;
        }
    }

    private static IEnumerable<SourceRecord> Texts(ArrowBatch batch, ArrowColumn column, int row, string where)
    {
        var (texts, around) = column.Find(batch);
        for (; row < batch.Length; row++)
        {
            yield return ForeignColumns.Text(IsNull(around, row) ? default : ArrowColumn.TextAt(texts, row), where, row);
        }
    }

    private static IEnumerable<SourceRecord> Lists(ArrowBatch batch, ArrowColumn column, int row, string where)
    {
        var (lists, around) = column.Find(batch);
        for (; row < batch.Length; row++)
        {
            var (tokens, elements) = (new List<int>(), IsNull(around, row) ? null : ArrowColumn.ElementsAt(lists, row));
            for (int i = 0; i < elements?.Length; i++) tokens.AddToken(ArrowColumn.IntegerAt(elements, i), where, row);
            yield return new TokenRecord([.. tokens], $"{where} row {row}");
        }
    }

    private static bool IsNull(IReadOnlyList<IArrowArray> around, int row) => around.Any(a => a.IsNull(row));
}
