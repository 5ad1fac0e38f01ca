using SparkTrain.Data;
using SparkTrain.Input;

namespace SparkTrain.Launcher.DataViews;

/// <summary>The documents of one split of a dataset, in the order of the shards.</summary>
internal sealed class DatasetDocuments(string folder, string splitName) : ISampleSource
{
    private readonly TokenDataset dataset = TokenDataset.Open(folder);

    public IReadOnlyList<string> Legend => [];

    public IEnumerable<ShownSample> Read(long first, long count)
    {
        var split = splitName == dataset.Train.Name ? dataset.Train : dataset.Validation;
        if (first >= split.Documents)
            throw new DataException(folder, $"the split '{splitName}' has {split.Documents} documents", split.Documents == 0 ? "a document" : $"a document from 0 to {split.Documents - 1}", "choose another --from or --split");
        return split.ReadDocuments(first, Math.Min(count, split.Documents - first))
            .Select(document => ShownSample.Of(new("document", document.Number, null, splitName), document.Tokens, new int[document.Tokens.Length], dataset.Tokenizer, isPadded: false));
    }

    public void Dispose() => dataset.Dispose();
}
