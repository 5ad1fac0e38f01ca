namespace SparkTrain.Data;

/// <summary>A place that documents come from, always in the same order.</summary>
internal interface IDocumentSource
{
    /// <summary>One line for dataset.json.</summary>
    string Description { get; }

    /// <summary>The files that it reads, in reading order.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>Reads the documents of one of the files one after another; those that cannot be used are counted in <paramref name="skipped"/>.</summary>
    IEnumerable<Document> ReadFile(string file, SkippedDocuments skipped);

    /// <summary>Reads the documents of all files.</summary>
    IEnumerable<Document> Read(SkippedDocuments skipped) => Files.SelectMany(file => ReadFile(file, skipped));
}
