using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// The samples of a run: number i is a pure function of the data sets' fingerprints, their weights, the seed and i, whatever the number of ranks. Safe for several
/// threads.
/// </summary>
public sealed class TrainingSamples
{
    private readonly (DataSource Source, ISampleLayout Layout, SampleOrder Order)[] sources;
    private readonly MixtureOrder mixture;
    private readonly int seqLen;
    private readonly bool maskDocuments;

    /// <summary>
    /// Lays samples of <paramref name="seqLen"/> + 1 tokens over the training splits of <paramref name="data"/>. Throws <see cref="DataException"/> where one of them is
    /// shorter than a sample.
    /// </summary>
    public TrainingSamples(DataMixture data, DataConfig config, int seqLen, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(config);
        (Data, this.seqLen, maskDocuments) = (data, seqLen, config.MaskDocuments);
        sources = [.. data.Sources.Select(source =>
        {
            ISampleLayout layout = config.Packing == Packing.BestFit ? new BestFitLayout(source.Dataset.Train, seqLen, config.LongDocuments) : new ConcatenatedLayout(source.Dataset.Train, seqLen);
            return (source, layout, new SampleOrder(layout, source.Dataset.Manifest.Fingerprint, seed));
        })];
        mixture = new MixtureOrder([.. sources.Select(s => PartOf(s.Source.Config, s.Layout.Samples))]);
    }

    /// <summary>The data sets.</summary>
    public DataMixture Data { get; }

    /// <summary>SeqLen + 1.</summary>
    public int Columns => seqLen + 1;

    /// <summary>Samples until every source has been read as often as it may be; null where there is no such limit.</summary>
    public long? Length => mixture.Length;

    /// <summary>Returns which data set sample <paramref name="index"/> of the run comes from, by its place in <see cref="DataMixture.Sources"/>.</summary>
    public int SourceOf(long index) => Locate(index).Source;

    /// <summary>
    /// Fills <paramref name="tokens_T"/> with sample <paramref name="index"/> of the run, and <paramref name="documents_T"/> with the document of each token, counted from 0 in the
    /// sample; all 0 where documents are not masked. Throws <see cref="DataException"/> where a shard is damaged or all sources are used up.
    /// </summary>
    public void Read(long index, Span<int> tokens_T, Span<int> documents_T)
    {
        var (source, sample) = Locate(index);
        var (_, layout, order) = sources[source];
        layout.Read(order[sample], tokens_T, documents_T);
        if (!maskDocuments) documents_T.Clear();
    }

    /// <summary>What best-fit packing has made of each source; null where documents are concatenated.</summary>
    public IReadOnlyList<PackingSummary>? Packed => sources[0].Layout is BestFitLayout ? [.. sources.Select(s => ((BestFitLayout)s.Layout).Summary)] : null;

    /// <summary>Returns what each source has given to the first <paramref name="count"/> samples of the run.</summary>
    public IReadOnlyList<SourceProgress> Consumed(long count) =>
        [.. sources.Zip(mixture.Taken(count), (s, taken) => new SourceProgress(s.Source.Config.Name, taken * seqLen, (double)taken / s.Layout.Samples))];

    private (int Source, long Sample) Locate(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        if (index < (mixture.Length ?? long.MaxValue)) return mixture[index];
        throw new DataException("Data.Sources", $"all data sets have been read as often as MaxEpochs lets them after {mixture.Length * seqLen} tokens", "more data",
            "raise MaxEpochs, add data, or train for fewer steps");
    }

    private MixturePart PartOf(DataSourceConfig source, long samples) => new(
        sample => source.WeightAt(sample * seqLen),
        // The first sample that begins at or after the change.
        [.. source.Changes.Select(change => (change.AfterTokens + seqLen - 1) / seqLen)],
        source.MaxEpochs is { } epochs ? (long)(epochs * samples) : null);
}

/// <summary>What a data set has given to a run.</summary>
/// <param name="Name">The data set.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Epochs">How often it has been read through.</param>
public sealed record SourceProgress(string Name, long Tokens, double Epochs);
