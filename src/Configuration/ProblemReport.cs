using System.Globalization;
using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Configuration;

/// <summary>Writes problems compiler style: one heading per source, then place, key and message in columns.</summary>
internal static class ProblemReport
{
    /// <summary>A longer key does not push the messages of all other rows to the right.</summary>
    private const int WidestAlignedKey = 44;

    public static IReadOnlyList<ConfigurationProblem> Sort(IEnumerable<ConfigurationProblem> problems) =>
        [.. problems.OrderBy(p => Group(p.Where)).ThenBy(p => p.Where.Line).ThenBy(p => p.Where.Column)];

    public static string Render(string file, IReadOnlyList<ConfigurationProblem> problems)
    {
        var text = new StringBuilder();
        foreach (var group in problems.GroupBy(p => Group(p.Where)))
        {
            var rows = group.ToList();
            var heading = group.Key switch { OriginKind.File => file, OriginKind.Environment => "environment", _ => "--set" };
            text.Append(CultureInfo.InvariantCulture, $"{heading}: {rows.Count} {(rows.Count == 1 ? "problem" : "problems")}\n");
            WriteRows(text, rows);
        }
        return text.ToString().TrimEnd('\n');
    }

    private static void WriteRows(StringBuilder text, List<ConfigurationProblem> rows)
    {
        var places = rows.ConvertAll(row => Place(row.Where));
        var placeWidth = places.Max(place => place.Length);
        var keyWidth = rows.Where(row => row.Key.Length <= WidestAlignedKey).Select(row => row.Key.Length).DefaultIfEmpty(0).Max();
        foreach (var (row, place) in rows.Zip(places))
        {
            var start = placeWidth == 0 ? "  " : $"  {place.PadRight(placeWidth)}  ";
            var key = keyWidth == 0 ? row.Key : row.Key.PadRight(keyWidth);
            text.Append(start).Append(ErrorText.Short(key)).Append(key.Length == 0 ? "" : "  ").Append(ErrorText.Short(row.Message)).Append('\n');
            var indent = new string(' ', start.Length + (keyWidth == 0 ? 0 : keyWidth + 2));
            if (row.SourceLine is { } line)
                text.Append(indent).Append("| ").Append(line.Replace('\t', ' ')).Append('\n')
                    .Append(indent).Append("| ").Append(' ', row.Where.Column - 1).Append("^\n");
            if (row.Help is { } help)
                text.Append(indent).Append(help).Append('\n');
        }
    }

    /// <summary>A problem with a default is one of the file, which does not set the key.</summary>
    private static OriginKind Group(ValueOrigin where) => where.Kind == OriginKind.Default ? OriginKind.File : where.Kind;

    private static string Place(ValueOrigin where) => where.Kind switch
    {
        OriginKind.File => string.Create(CultureInfo.InvariantCulture, $"{where.Line}:{where.Column}"),
        OriginKind.Environment => where.Name,
        _ => "",
    };
}
