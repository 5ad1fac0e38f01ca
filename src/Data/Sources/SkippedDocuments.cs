namespace SparkTrain.Data;

/// <summary>Counts documents that were left out.</summary>
/// <param name="Empty">Documents without any text.</param>
/// <param name="Invalid">Documents that are not valid UTF-8.</param>
/// <param name="Duplicate">Copies of an earlier document.</param>
internal readonly record struct SkippedDocuments(long Empty, long Invalid, long Duplicate)
{
    /// <summary>Returns the counts with one document more.</summary>
    public SkippedDocuments With(DocumentState state) => state switch
    {
        DocumentState.Empty => this with { Empty = Empty + 1 },
        DocumentState.Invalid => this with { Invalid = Invalid + 1 },
        DocumentState.Duplicate => this with { Duplicate = Duplicate + 1 },
        _ => this,
    };
}
