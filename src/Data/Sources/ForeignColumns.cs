using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>A column of a file of another program.</summary>
/// <param name="Column">What the reader of the format calls it; messages show its text.</param>
/// <param name="Name">The names on the way to it, joined by dots.</param>
/// <param name="IsText">True for a text a row. A column of nothing but nulls is one too: writers have seen no text to tell by.</param>
/// <param name="IsTokens">True for a list of integers a row, or of nulls, as a list is written that never had an element.</param>
/// <param name="IsIntegers">True for a list of integers a row.</param>
internal sealed record ForeignColumn<T>(T Column, string Name, bool IsText, bool IsTokens, bool IsIntegers);

/// <summary>Chooses what to read of a file of another program.</summary>
internal static class ForeignColumns
{
    // A string of .NET holds so many characters, 33 fewer than 2³⁰.
    private const int MaxTextBytes = 0x3FFF_FFDF, MaxTokens = 1 << 28;

    private static readonly string[] UsualTokens = ["tokens", "input_ids"];

    /// <summary>Returns the text column of that name, else a usual column of tokens, else the only list of integers. Throws <see cref="DataException"/> where there is none.</summary>
    public static T Choose<T>(string file, IReadOnlyList<ForeignColumn<T>> columns, string textField)
    {
        var chosen = columns.FirstOrDefault(c => c.IsText && c.Name == textField)
            ?? columns.FirstOrDefault(c => c.IsTokens && UsualTokens.Contains(c.Name.Split('.')[0]))
            ?? (columns.Count(c => c.IsIntegers) == 1 ? columns.First(c => c.IsIntegers) : throw new DataException(file, $"its columns are {string.Join(", ", columns.Select(c => c.Column))}",
                $"a string column '{textField}', or a list of integers called tokens or input_ids", "name the text column by --text-field"));
        return chosen.Column;
    }

    /// <summary>Copies the text of a row; empty where it is null. Throws <see cref="DataException"/> where it is too long.</summary>
    public static SourceRecord Text(ReadOnlySpan<byte> utf8, string where, long row)
    {
        if (utf8.Length > MaxTextBytes) throw new DataException($"{where} row {row}", $"a text has {utf8.Length} bytes", "less than 1 GiB", "cut the document");
        return utf8.IsEmpty ? TextRecord.Empty : new TextRecord(utf8.ToArray());
    }

    /// <summary>Adds a token of a row. Throws <see cref="DataException"/> for what cannot be one.</summary>
    public static void AddToken(this List<int> tokens, long? token, string where, long row)
    {
        if (token is not (>= int.MinValue and <= int.MaxValue))
            throw new DataException($"{where} row {row}", $"a token is {token?.ToString(CultureInfo.InvariantCulture) ?? "null"}", "token ids", "correct the program that wrote the file");
        if (tokens.Count == MaxTokens) throw new DataException($"{where} row {row}", $"a list has more than {MaxTokens} tokens", "shorter documents", "cut the document");
        tokens.Add((int)token);
    }
}
