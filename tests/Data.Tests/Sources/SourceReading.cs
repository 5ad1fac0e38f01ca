namespace SparkTrain.Data.Tests;

/// <summary>Reads sources as prepare does.</summary>
internal static class SourceReading
{
    public static List<Document> ReadAll(this IDocumentSource source, out SkippedDocuments skipped) => source.Files.SelectMany(file => source.ReadFile(file)).Decode(out skipped);

    public static List<Document> Decode(this IEnumerable<SourceRecord> records, out SkippedDocuments skipped)
    {
        (var documents, skipped) = (new List<Document>(), default);
        foreach (var record in records)
        {
            var document = record.Decode();
            skipped = skipped.With(document.State);
            if (document.State == DocumentState.Whole) documents.Add(document);
        }
        return documents;
    }
}
