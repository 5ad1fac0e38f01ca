namespace SparkTrain.Data;

/// <summary>A place that documents come from, always in the same order.</summary>
internal interface IDocumentSource
{
    /// <summary>One line for dataset.json.</summary>
    string Description { get; }

    /// <summary>The files that it reads, in reading order.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>Files beside them that are not read.</summary>
    IReadOnlyList<LeftOutFile> LeftOut { get; }

    /// <summary>The prepared data sets that it reads shards of, each with its folder.</summary>
    IEnumerable<(string Folder, DatasetManifest Manifest)> Datasets { get; }

    /// <summary>Returns the name of a file's kind, for people.</summary>
    string KindOf(string file);

    /// <summary>Reads one of the files record by record, without the first <paramref name="skip"/>. The file is open until the enumeration ends.</summary>
    IEnumerable<SourceRecord> ReadFile(string file, long skip = 0);

    /// <summary>Reads and decodes the documents of all files, without those that cannot be used.</summary>
    IEnumerable<Document> ReadDocuments() => Files.SelectMany(file => ReadFile(file)).Select(record => record.Decode()).Where(document => document.State == DocumentState.Whole);
}
