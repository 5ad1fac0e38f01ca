using System.Text;
using SparkTrain.Input;
using nietras.SeparatedValues;

namespace SparkTrain.Data;

/// <summary>Reads comma- or tab-separated values (RFC 4180): one document a row, in the column of a name.</summary>
internal static class TableRows
{
    /// <summary>Reads the rows of a file, which the enumeration closes.</summary>
    public static IEnumerable<SourceRecord> Read(string file, Stream stream, string textField, char separator)
    {
        // As Latin-1 every byte is a character, so what is no UTF-8 comes through as it is and is counted.
        using var text = new StreamReader(stream, Encoding.Latin1, detectEncodingFromByteOrderMarks: false);
        using var rows = Named(file, 1, () => Sep.New(separator).Reader(options => options with { Unescape = true }).From(text));
        int column = Find(file, rows.Header.ColNames, textField);
        for (long row = 2; Named(file, row, rows.MoveNext); row++) yield return new TextRecord(Encoding.Latin1.GetBytes(rows.Current[column].ToString()));
    }

    private static int Find(string file, IReadOnlyList<string> names, string textField)
    {
        string[] header = [.. names.Select(name => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(name)).TrimStart('\uFEFF'))];
        int column = Array.IndexOf(header, textField);
        return column >= 0 ? column
            : throw new DataException(file, $"its columns are {string.Join(", ", header.Take(20))}", $"a first row with names, the text in the column '{textField}'", "name the column by --text-field");
    }

    private static T Named<T>(string file, long row, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw new DataException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{file} row {row}"), $"it cannot be read ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})", "rows with as many values as the first has names, quotes doubled inside quotes", "repair the file", e);
        }
    }
}
