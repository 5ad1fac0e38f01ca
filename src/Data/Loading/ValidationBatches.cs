using System.Collections;

namespace SparkTrain.Data;

/// <summary>
/// The samples that every validation of a run measures: the first ones of the split in order, without shuffling. Batch b of all ranks goes
/// to rank b mod world; the last one may have fewer rows.
/// </summary>
public sealed class ValidationBatches : IEnumerable<TokenBatch>
{
    private readonly BatchReader reader;
    private readonly int rows, rank, worldSize;

    /// <summary>
    /// Covers at most <paramref name="maxTokens"/> targets of <paramref name="split"/>, at least one sample. Throws
    /// <see cref="DataException"/> where the split is shorter than that.
    /// </summary>
    public ValidationBatches(TokenSplit split, int seqLen, int rowsPerBatch, long maxTokens, int rank = 0, int worldSize = 1,
        bool maskDocuments = true)
    {
        ArgumentNullException.ThrowIfNull(split);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, worldSize);
        (rows, this.rank, this.worldSize) = (rowsPerBatch, rank, worldSize);
        Samples = Math.Min(SampleOrder.CountSamples(split, seqLen), Math.Max(1, maxTokens / seqLen));
        reader = new BatchReader(split, seqLen, maskDocuments);
    }

    /// <summary>Samples that all ranks together measure.</summary>
    public long Samples { get; }

    /// <inheritdoc/>
    public IEnumerator<TokenBatch> GetEnumerator()
    {
        for (var first = (long)rank * rows; first < Samples; first += (long)rows * worldSize)
            yield return reader.Read(first, (int)Math.Min(rows, Samples - first), i => i);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
