using System.Collections;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// The samples that every validation of a run measures: the first ones of each validation split in order, without shuffling or packing, so that losses of all recipes
/// compare. Batch b of all goes to rank b mod world; a batch holds one source only, and a source's last one may have fewer rows.
/// </summary>
public sealed class ValidationBatches : IEnumerable<(int Index, TokenBatch Batch)>
{
    private readonly List<(int Source, long First, int Rows)> batches = [];
    private readonly ConcatenatedLayout[] layouts;
    private readonly BatchMaker maker;
    private readonly bool maskDocuments;
    private readonly int rank, worldSize;

    /// <summary>
    /// Covers at most <paramref name="maxTokens"/> targets, shared among the sources by their first weights, and at least one sample of each that has a weight at any time. Throws
    /// <see cref="DataException"/> where a split is shorter than that.
    /// </summary>
    public ValidationBatches(DataMixture data, int seqLen, int rowsPerBatch, long maxTokens, int rank = 0, int worldSize = 1, bool maskDocuments = true)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, worldSize);
        (this.rank, this.worldSize, this.maskDocuments) = (rank, worldSize, maskDocuments);
        layouts = [.. data.Sources.Select(s => new ConcatenatedLayout(s.Dataset.Validation, seqLen))];
        maker = new BatchMaker(data.Tokenizer, seqLen + 1);
        var weights = data.Sources.Sum(s => s.Config.Weight);
        foreach (var (source, layout) in layouts.Index())
        {
            var share = weights > 0 ? data.Sources[source].Config.Weight / weights : 1.0 / layouts.Length;
            var samples = Math.Min(layout.Samples, Math.Max(1, (long)(maxTokens * share) / seqLen));
            for (var first = 0L; first < samples; first += rowsPerBatch) batches.Add((source, first, (int)Math.Min(rowsPerBatch, samples - first)));
        }
    }

    /// <summary>Batches of all ranks.</summary>
    public int Count => batches.Count;

    /// <summary>Returns which batches of all ranks hold <paramref name="source"/>, by its place in <see cref="DataMixture.Sources"/>.</summary>
    public Range BatchesOf(int source) => batches.FindIndex(b => b.Source == source)..(batches.FindLastIndex(b => b.Source == source) + 1);

    /// <summary>Returns the source of a batch of all ranks, by its place in <see cref="DataMixture.Sources"/>.</summary>
    public int SourceOf(int batch) => batches[batch].Source;

    /// <summary>Reads a batch of all ranks.</summary>
    public TokenBatch this[int batch]
    {
        get
        {
            var (source, first, rows) = batches[batch];
            return maker.Make(first, rows, (sample, tokens_T, documents_T) =>
            {
                layouts[source].Read(sample, tokens_T, documents_T);
                if (!maskDocuments) documents_T.Clear();
            });
        }
    }

    /// <summary>Reads this rank's batches, each with its index among those of all ranks.</summary>
    public IEnumerator<(int Index, TokenBatch Batch)> GetEnumerator()
    {
        for (var index = rank; index < batches.Count; index += worldSize) yield return (index, this[index]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
