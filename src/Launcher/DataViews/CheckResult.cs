using System.Globalization;
using SparkTrain.Data;

namespace SparkTrain.Launcher.DataViews;

/// <summary>What checks of datasets have found together.</summary>
/// <param name="Datasets">What was found in each.</param>
/// <param name="Overlaps">Which splits have documents in common.</param>
/// <param name="NotChecked">What could not be looked at, and why.</param>
internal sealed record CheckResult(IReadOnlyList<DatasetReport> Datasets, IReadOnlyList<SplitOverlap> Overlaps, IReadOnlyList<string> NotChecked)
{
    /// <summary>Puts reports together.</summary>
    /// <param name="datasets">The reports.</param>
    /// <param name="hashes">What compared their documents; null where nothing did.</param>
    public static CheckResult Of(IReadOnlyList<DatasetReport> datasets, DocumentHashes? hashes)
    {
        var notChecked = datasets.SelectMany(dataset => dataset.NotChecked).ToList();
        string[] tokenizers = [.. datasets.Select(dataset => dataset.Tokenizer).OfType<TokenizerIdentity>().DistinctBy(tokenizer => tokenizer.Hash).Select(tokenizer => tokenizer.Name)];
        if (hashes is null) notChecked.Add("copies of documents, and documents of validation that are trained on: --no-copies");
        else if (tokenizers.Length > 1) notChecked.Add($"copies between datasets of different tokenizers ({string.Join(", ", tokenizers)}): documents are compared by their tokens");
        return new(datasets, hashes?.Overlaps() ?? [], notChecked);
    }

    /// <summary>True where a file of a dataset is missing or not as it was written.</summary>
    public bool IsDamaged => Datasets.Any(dataset => dataset.IsDamaged);

    /// <summary>Every problem and warning.</summary>
    public IReadOnlyList<DataProblem> Problems { get; } = [.. Datasets.SelectMany(dataset => dataset.Problems), .. Overlaps.Select(Warning)];

    private static DataProblem Warning(SplitOverlap overlap)
    {
        string other = overlap.OtherFolder == overlap.Folder ? $"split '{overlap.OtherSplit}'" : $"{overlap.OtherFolder} split '{overlap.OtherSplit}'";
        string count = overlap.Documents == 1 ? "1 of its documents is" : string.Create(CultureInfo.InvariantCulture, $"{overlap.Documents:N0} of its documents are");
        return new($"{overlap.Folder} split '{overlap.Split}'", $"{count} also in {other}; the first is document {overlap.First}", overlap.IsLeak
            ? "prepare both from text and with the same --validation-fraction: equal documents then fall on the same side"
            : "each dataset trains on them; prepare one without them where that is not wanted", IsDamage: false);
    }
}
