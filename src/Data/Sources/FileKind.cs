namespace SparkTrain.Data;

/// <summary>Content of a file, as prepare reads it.</summary>
internal enum FileKind
{
    /// <summary>Text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    JsonLines,

    /// <summary>A JSON array of objects, or objects that go over several lines.</summary>
    JsonValues,

    /// <summary>Comma- or tab-separated values with a header.</summary>
    Table,

    /// <summary>A Parquet file.</summary>
    Parquet,

    /// <summary>An Arrow file or stream.</summary>
    Arrow,

    /// <summary>A README.md with the card of a dataset: a YAML head, then a description.</summary>
    DatasetCard,

    /// <summary>JSON that holds no text in the field that is asked for.</summary>
    OtherJson,

    /// <summary>Text in an encoding that is not told from others by a mark.</summary>
    ForeignText,

    /// <summary>A packing that is not read.</summary>
    ForeignPacking,

    /// <summary>No text.</summary>
    Binary,
}

/// <summary>A kind, and its name for people.</summary>
internal readonly record struct KindOfFile(FileKind Kind, string Name)
{
    /// <summary>True for what is read.</summary>
    public bool IsRead => Kind <= FileKind.Arrow;

    /// <summary>True for text, or what may hold text, that is not read: it must not be left out without the user's word.</summary>
    public bool LooksLikeText => Kind is FileKind.ForeignText or FileKind.ForeignPacking;
}

/// <summary>A file of a folder that is not read.</summary>
/// <param name="File">Its path.</param>
/// <param name="Why">What it is.</param>
/// <param name="LooksLikeText">True where text may be lost by it.</param>
internal sealed record LeftOutFile(string File, string Why, bool LooksLikeText);
