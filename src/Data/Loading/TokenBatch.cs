namespace SparkTrain.Data;

/// <summary>
/// Samples for one micro-batch. Position t of a row predicts the token at t + 1, so a row has one more column than the sequence length.
/// </summary>
public sealed class TokenBatch
{
    /// <summary>Number of samples.</summary>
    public required int Rows { get; init; }

    /// <summary>SeqLen + 1.</summary>
    public required int Columns { get; init; }

    /// <summary>Token ids, row-major [Rows, Columns].</summary>
    public required int[] Tokens { get; init; }

    /// <summary>
    /// Which document of its row each token belongs to, row-major [Rows, Columns], counted from 0; the end token belongs to the document it
    /// ends. All 0 where documents are not masked.
    /// </summary>
    public required int[] DocumentIds { get; init; }

    /// <summary>The global index of the first row's sample.</summary>
    public required long FirstSample { get; init; }

    /// <summary>UTF-8 bytes that the targets stand for (columns 1 to SeqLen, but not the first token of a document where documents are masked); bits per byte divides by it.</summary>
    public required long TargetBytes { get; init; }
}
