using System.Runtime.ExceptionServices;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Samples of SeqLen + 1 tokens that hold whole documents, packed by best fit among neighbours: the documents of each stretch of about
/// <see cref="GroupTokens"/> tokens of a shard. Which documents share a sample follows from their lengths alone. At start only the number of samples of each stretch is worked out and
/// kept; its rows are packed again when they are read.
/// </summary>
internal sealed class BestFitLayout : ISampleLayout
{
    /// <summary>Tokens of a stretch; 16 row groups.</summary>
    public const long GroupTokens = 16L * ColumnFormat.RowGroupValues;

    // A window of samples touches this many stretches, and their neighbours where blocks do not coincide with stretches.
    private const int GroupsPerWindow = 4, CachedGroups = 4 * GroupsPerWindow;

    private readonly TokenSplit split;
    private readonly int seqLen;
    private readonly LongDocuments longDocuments;
    private readonly List<Group> groups = [];
    private readonly long[] firstSamples;
    private readonly Lock gate = new();
    private readonly LruCache<int, PackedGroup> packed = new(CachedGroups, _ => 1);

    /// <summary>
    /// Packs all documents of <paramref name="split"/> once, to count. Throws <see cref="DataException"/> where their lengths are not known or cannot be read, or none fits.
    /// </summary>
    public BestFitLayout(TokenSplit split, int seqLen, LongDocuments longDocuments)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        (this.split, this.seqLen, this.longDocuments) = (split, seqLen, longDocuments);
        var counted = new (List<Group> Groups, List<PackingSummary> Parts)[split.Shards];
        try
        {
            Parallel.For(0, split.Shards, shard => counted[shard] = Count(shard));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        foreach (var (shardGroups, parts) in counted)
        {
            groups.AddRange(shardGroups);
            Summary = parts.Aggregate(Summary, (a, b) => a + b);
        }
        firstSamples = new long[groups.Count + 1];
        foreach (var (index, part) in counted.SelectMany(c => c.Parts).Index()) firstSamples[index + 1] = firstSamples[index] + part.Samples;
        if (Samples == 0)
            throw new DataException(split.Where, $"none of its {split.Documents} documents fits into a sample ({Summary.DroppedDocuments} are longer)", $"documents of at most SeqLen + 1 = {seqLen + 1} tokens",
                "use a larger SeqLen, or LongDocuments = Cut");
    }

    /// <summary>What packing has made of the split.</summary>
    public PackingSummary Summary { get; }

    public long Samples => firstSamples[^1];

    public long SamplesPerBlock => Math.Max(1, GroupTokens / seqLen);

    public int BlocksPerWindow => GroupsPerWindow;

    public void Read(long sample, Span<int> tokens_T, Span<int> documents_T)
    {
        var found = Array.BinarySearch(firstSamples, sample);
        var index = found >= 0 ? found : ~found - 1;
        while (firstSamples[index + 1] == sample) index++;   // a stretch may have no sample
        var group = PackedAt(index);
        var (at, document) = (0, 0);
        foreach (var piece in group.Rows[(int)(sample - firstSamples[index])])
        {
            var length = group.Pieces.Lengths[piece];
            split.Read(groups[index].Offset + group.Pieces.OffsetOf(piece), tokens_T.Slice(at, length));
            documents_T.Slice(at, length).Fill(document++);
            at += length;
        }
        tokens_T[at..].Fill(split.EosToken);
        for (; at < documents_T.Length; at++) documents_T[at] = document++;   // each alone, so none is a target
    }

    private PackedGroup PackedAt(int index)
    {
        lock (gate)
        {
            return packed.GetOrAdd(index, _ =>
            {
                var (shard, _, document, documents) = groups[index];
                var pieces = DocumentPieces.Of(split.ReadLengths(shard).AsSpan(document, documents), seqLen + 1, longDocuments);
                return new PackedGroup(pieces, BestFitPacking.Pack(pieces.Lengths, seqLen + 1));
            });
        }
    }

    private (List<Group>, List<PackingSummary>) Count(int shard)
    {
        var lengths = split.ReadLengths(shard);
        var (found, parts) = (new List<Group>(), new List<PackingSummary>());
        var (offset, first) = (split.StartOf(shard), 0);
        while (first < lengths.Length)
        {
            var (end, tokens) = (first, 0L);
            while (end < lengths.Length && tokens < GroupTokens) tokens += lengths[end++];
            var pieces = DocumentPieces.Of(lengths.AsSpan(first, end - first), seqLen + 1, longDocuments);
            found.Add(new Group(shard, offset, first, end - first));
            parts.Add(new PackingSummary(BestFitPacking.Pack(pieces.Lengths, seqLen + 1).Count, pieces.Targets, pieces.CutDocuments, pieces.DroppedDocuments));
            (offset, first) = (offset + tokens, end);
        }
        return (found, parts);
    }

    /// <summary>Neighbouring documents that are packed together.</summary>
    private readonly record struct Group(int Shard, long Offset, int FirstDocument, int Documents);

    private sealed record PackedGroup(DocumentPieces Pieces, List<List<int>> Rows);
}
