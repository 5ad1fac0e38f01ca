namespace SparkTrain.Data;

/// <summary>Counts documents that a source left out.</summary>
internal sealed class SkippedDocuments
{
    /// <summary>Documents without any text.</summary>
    public long Empty { get; set; }

    /// <summary>Documents that are not valid UTF-8.</summary>
    public long Invalid { get; set; }
}
