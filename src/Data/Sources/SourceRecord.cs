using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>What a file holds for one document, as it lies there. Reading records is the work of one thread, decoding them that of many.</summary>
internal abstract class SourceRecord
{
    /// <summary>Its size in bytes, roughly.</summary>
    public abstract int Size { get; }

    /// <summary>Makes the document. Throws <see cref="DataException"/> where the record is not what it should be.</summary>
    public abstract Document Decode();
}

/// <summary>Sequences of records.</summary>
internal static class SourceRecords
{
    /// <summary>Leaves out the first <paramref name="count"/>.</summary>
    public static IEnumerable<SourceRecord> Skip(this IEnumerable<SourceRecord> records, long count)
    {
        foreach (var record in records)
            if (--count < 0) yield return record;
    }
}

/// <summary>A text of UTF-8 bytes.</summary>
internal sealed class TextRecord(ReadOnlyMemory<byte> utf8) : SourceRecord
{
    public static readonly TextRecord Empty = new(default);

    public override int Size => utf8.Length;

    public override Document Decode() => Document.FromUtf8(utf8.Span);
}

/// <summary>A row of tokens.</summary>
internal sealed class TokenRecord(int[] tokens, string where) : SourceRecord
{
    public override int Size => tokens.Length * sizeof(int);

    public override Document Decode() => new(tokens, where);
}
