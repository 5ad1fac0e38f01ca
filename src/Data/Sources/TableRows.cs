using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Reads comma- or tab-separated values (RFC 4180): one document a row, in the column of a name. Blank lines are passed over, and what a short row lacks is empty, as other readers
/// have it; a quote inside a value that does not begin with one is a character.
/// </summary>
internal static class TableRows
{
    private const int ShownNames = 20;

    /// <summary>Reads the rows of a file, which the enumeration closes.</summary>
    /// <exception cref="DataException">There is no such column, a row has more values than the header, or a quoted value does not end where its quote does.</exception>
    public static IEnumerable<SourceRecord> Read(string file, Stream stream, string textField, char separator)
    {
        bool isBroken = false;
        // As Latin-1 every byte is a character, so what is no UTF-8 comes through as it is and is counted.
        using var text = new StreamReader(stream, Encoding.Latin1, detectEncodingFromByteOrderMarks: false);
        using var rows = new CsvParser(text, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = separator.ToString(), BadDataFound = bad => isBroken |= bad.Field.StartsWith('"'),
        });
        if (!rows.Read()) yield break;
        string[] header = [.. Enumerable.Range(0, rows.Count).Select(i => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(rows[i])).TrimStart('\uFEFF').Trim('"'))];
        int column = Find(file, header, textField);
        for (int line = rows.RawRow + 1; rows.Read(); line = rows.RawRow + 1)
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"{file}:{line}");
            string value = column < rows.Count ? rows[column] : "";
            // A field is looked at when it is asked for.
            for (int i = 0; i < rows.Count; i++) _ = rows[i];
            if (isBroken) throw new DataException(where, "a quote opens a value and does not close it, or something follows the closing one", "quoted values that end at their closing quote, quotes doubled inside them", "repair the file, or fetch it again: it may be cut off");
            if (rows.Count > header.Length) throw new DataException(where, $"the row has {rows.Count} values, the header {header.Length} names", "rows with at most as many values as the first has names", "quote values that hold a separator");
            yield return new TextRecord(Encoding.Latin1.GetBytes(value));
        }
    }

    private static int Find(string file, string[] header, string textField)
    {
        int column = Array.IndexOf(header, textField);
        if (column >= 0 && Array.LastIndexOf(header, textField) == column) return column;
        string names = string.Join(", ", header.Take(ShownNames).Select(name => $"'{name}'"));
        throw column >= 0
            ? new DataException(file, $"two of its columns are '{textField}': {names}", "one column with the text", "name one of them otherwise")
            : new DataException(file, $"its columns are {names}", $"a first row with names, the text in the column '{textField}', commas between the values of a .csv and tabs between those of a .tsv", "name the column by --text-field, or convert the file");
    }
}
