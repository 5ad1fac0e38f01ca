namespace SparkTrain.Parquet;

/// <summary>A column of a Parquet file: a leaf of its schema.</summary>
/// <param name="Name">The names on the way to it, joined by dots.</param>
/// <param name="Type">Its physical type, see <see cref="ParquetFooter"/>.</param>
/// <param name="Meaning">What its values stand for.</param>
/// <param name="MaxDefinition">The definition level of a value that is there.</param>
/// <param name="MaxRepetition">How many lists it lies in.</param>
/// <param name="ListDefinition">The definition level from which on the innermost list has an element.</param>
/// <param name="IsListOfValues">True where nothing on the way to it has another child: its lists are lists of values, not of structs.</param>
public sealed record ParquetColumn(string Name, int Type, ColumnMeaning Meaning, int MaxDefinition, int MaxRepetition, int ListDefinition, bool IsListOfValues)
{
    private static readonly string[] TypeNames = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"];

    /// <summary>True for a text a row, and for a column of nothing but nulls.</summary>
    public bool IsText => MaxRepetition == 0 && (IsNull || (Type == ParquetFooter.ByteArray && Meaning is ColumnMeaning.Plain or ColumnMeaning.Text));

    /// <summary>True for a list of integers a row, or of nulls.</summary>
    public bool IsTokens => MaxRepetition == 1 && IsListOfValues && (IsNull || IsInteger);

    /// <summary>True for a list of integers a row.</summary>
    public bool IsIntegers => IsTokens && IsInteger;

    /// <summary>True for integers of 32 or 64 bits.</summary>
    public bool IsInteger => Type is ParquetFooter.Int32 or ParquetFooter.Int64 && Meaning is ColumnMeaning.Plain or ColumnMeaning.Unsigned;

    /// <summary>True for a column of nothing but nulls.</summary>
    public bool IsNull => Meaning == ColumnMeaning.Null;

    private string TypeName => TypeNames.ElementAtOrDefault(Type) ?? "unknown";

    /// <summary>Returns its name and type, as messages show them.</summary>
    public override string ToString() => $"{Name} ({Meaning switch
    {
        ColumnMeaning.Text => "string",
        ColumnMeaning.Null => "null",
        ColumnMeaning.Other => $"{TypeName} of another meaning",
        _ => TypeName,
    }})";
}

/// <summary>What the values of a column stand for.</summary>
public enum ColumnMeaning
{
    /// <summary>Bytes, or signed integers.</summary>
    Plain,

    /// <summary>UTF-8 text.</summary>
    Text,

    /// <summary>Integers without a sign.</summary>
    Unsigned,

    /// <summary>Nothing: every value is null, whatever the physical type. Writers give this to a column of which they have seen no value.</summary>
    Null,

    /// <summary>Dates, decimals and whatever is neither text nor a number.</summary>
    Other,
}
