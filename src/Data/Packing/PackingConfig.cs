namespace SparkTrain.Data;

/// <summary>How documents become samples.</summary>
public enum Packing
{
    /// <summary>One after another, cut where a sample ends: nothing is left over, but most samples begin and end inside a document.</summary>
    Concatenate,

    /// <summary>Whole where they fit: each sample holds the documents that fill it best, and a little padding. Only documents longer than a sample are cut.</summary>
    BestFit,
}

/// <summary>What becomes of documents longer than a sample.</summary>
public enum LongDocuments
{
    /// <summary>They are cut into samples, and the rest of each is packed with others.</summary>
    Cut,

    /// <summary>They are left out.</summary>
    Drop,
}

/// <summary>What packing has made of a data set.</summary>
/// <param name="Samples">Samples in one pass.</param>
/// <param name="Targets">Tokens that are predicted in one pass.</param>
/// <param name="CutDocuments">Documents that were longer than a sample and lie in several.</param>
/// <param name="DroppedDocuments">Documents that were longer than a sample and are left out.</param>
public readonly record struct PackingSummary(long Samples, long Targets, long CutDocuments, long DroppedDocuments)
{
    /// <summary>Adds the parts of a data set.</summary>
    public static PackingSummary operator +(PackingSummary a, PackingSummary b) =>
        new(a.Samples + b.Samples, a.Targets + b.Targets, a.CutDocuments + b.CutDocuments, a.DroppedDocuments + b.DroppedDocuments);

    /// <summary>Adds the parts of a data set.</summary>
    public static PackingSummary Add(PackingSummary a, PackingSummary b) => a + b;
}
