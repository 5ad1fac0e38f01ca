namespace SparkTrain.Data.Tests;

/// <summary>Reads sources as prepare does.</summary>
internal static class SourceReading
{
    public static List<Document> ReadAll(this IDocumentSource source, out SkippedDocuments skipped) => source.Files.SelectMany(file => source.ReadFile(file)).Decode(out skipped);

    public static List<Document> Decode(this IEnumerable<SourceRecord> records, out SkippedDocuments skipped)
    {
        List<Document> all = [.. records.Select(r => r.Decode())];
        skipped = all.Aggregate(default(SkippedDocuments), (counts, document) => counts.With(document.State));
        return [.. all.Where(d => d.State == DocumentState.Whole)];
    }
}
