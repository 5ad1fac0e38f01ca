using System.Globalization;

namespace SparkTrain.Data;

/// <summary>Adds up what the row groups of a split hold, in order.</summary>
internal sealed class SplitTally(string folder, string name, DocumentHashes? hashes)
{
    private readonly int split = hashes?.AddSplit(folder, name) ?? 0;
    private readonly SortedDictionary<long, long> lengths = [];
    private long rowGroups, tokens, documents, textBytes, empty, firstEmpty, copies, firstCopy;
    private int smallestRowGroup, largestRowGroup;

    public List<DataProblem> Problems { get; } = [];

    public List<string> NotChecked { get; } = [];

    public void AddRowGroup(int size)
    {
        (smallestRowGroup, largestRowGroup) = (rowGroups == 0 ? size : Math.Min(smallestRowGroup, size), Math.Max(largestRowGroup, size));
        tokens += size;
        rowGroups++;
    }

    /// <summary>Adds a document by its number in the split.</summary>
    public void Add(DocumentFacts document, long number)
    {
        documents++;
        textBytes += document.TextBytes;
        lengths[document.Length] = lengths.GetValueOrDefault(document.Length) + 1;
        if (document.TextBytes == 0 && empty++ == 0) firstEmpty = number;
        if (hashes?.Add(split, document.Key, number) == false && copies++ == 0) firstCopy = number;
    }

    public SplitReport Finish(SplitManifest manifest)
    {
        var where = $"{folder} split '{name}'";
        if (empty > 0) Problems.Add(DataProblem.Warning(where, $"{Count(empty, "document has", "documents have")} no text; the first is document {firstEmpty}", "prepare the data set again from its text"));
        if (copies > 0) Problems.Add(DataProblem.Warning(where, $"{Count(copies, "document is a copy", "documents are copies")} of an earlier one; the first is document {firstCopy}", "prepare --deduplicate leaves copies out"));
        var (median, below) = (0L, 0L);
        foreach (var (length, count) in lengths)
        {
            if (below <= (documents - 1) / 2) median = length;
            below += count;
        }
        return new SplitReport(name, manifest.Shards.Count, rowGroups, smallestRowGroup, largestRowGroup, tokens, documents, textBytes, lengths.Keys.FirstOrDefault(), median, lengths.Keys.LastOrDefault(),
            empty, hashes is null ? null : copies);
    }

    private static string Count(long count, string one, string many) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");
}
