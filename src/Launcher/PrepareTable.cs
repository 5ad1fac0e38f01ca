using System.Globalization;
using SparkTrain.Data;

namespace SparkTrain.Launcher;

/// <summary>Renders what went into a dataset, by kind of file, and what did not.</summary>
internal static class PrepareTable
{
    /// <summary>Returns a line for each kind that was read, each reason for which files or documents were left out, and for a split without documents.</summary>
    public static IEnumerable<string> Lines(PrepareResult result)
    {
        var (manifest, train) = (result.Manifest, result.Manifest.Train);
        foreach (var kind in result.Read) yield return Line("read", $"{Files(kind.Files)} of {kind.Kind}: {kind.Documents:N0} documents");
        foreach (var kind in result.LeftOut) yield return Line("left out", $"{Files(kind.Files)}: {kind.Why} ({kind.First}{(kind.Files > 1 ? ", …" : "")})");
        if (manifest.InvalidDocuments > 0)
            yield return Line("left out", $"{manifest.InvalidDocuments:N0} documents that are not UTF-8 or hold half a surrogate pair{(result.FirstInvalid is { } file ? $", the first in {file}" : "")}");
        if (manifest.EmptyDocuments > 0) yield return Line("left out", $"{manifest.EmptyDocuments:N0} documents without text");
        if (manifest.Validation.Documents == 0 && train.Documents == 1)
            yield return "  There is one document, so nothing is held back for validation: add text, or train with Validation.EverySteps=0.";
    }

    private static string Line(string what, FormattableString text) => string.Create(CultureInfo.InvariantCulture, $"  {what,-10}") + text.ToString(CultureInfo.InvariantCulture);

    private static string Files(int count) => count == 1 ? "1 file" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} files");
}
