namespace SparkTrain.Data;

/// <summary>
/// The pieces of a stretch of documents: a document of at most <c>capacity</c> tokens is one; of a longer one each piece begins with the last token of the piece before,
/// so that every token but the document's first is a target once.
/// </summary>
internal sealed class DocumentPieces
{
    private readonly List<int> lengths = [];
    private readonly List<long> offsets = [];

    private DocumentPieces()
    {
    }

    /// <summary>Length of each piece in tokens, 2 to the capacity.</summary>
    public ReadOnlySpan<int> Lengths => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(lengths);

    public long CutDocuments { get; private set; }

    public long DroppedDocuments { get; private set; }

    public long Targets => lengths.Sum(length => (long)length - 1);

    /// <summary>Where a piece begins, counted from the first document of the stretch.</summary>
    public long OffsetOf(int piece) => offsets[piece];

    public static DocumentPieces Of(ReadOnlySpan<int> documents, int capacity, LongDocuments longDocuments)
    {
        var pieces = new DocumentPieces();
        var offset = 0L;
        foreach (var document in documents)
        {
            if (document <= capacity) pieces.Add(offset, document);
            else if (longDocuments == LongDocuments.Drop) pieces.DroppedDocuments++;
            else
            {
                pieces.CutDocuments++;
                for (var at = 0; at < document - 1; at += capacity - 1) pieces.Add(offset + at, Math.Min(capacity, document - at));
            }
            offset += document;
        }
        return pieces;
    }

    // A single token predicts nothing.
    private void Add(long offset, int length)
    {
        if (length < 2) return;
        offsets.Add(offset);
        lengths.Add(length);
    }
}
