using System.Globalization;
using System.Text;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

/// <summary>Small data sets for tests.</summary>
public static class Samples
{
    /// <summary>Documents of different lengths, all different, in JSON lines.</summary>
    public static string WriteDocuments(TemporaryFolder folder, int count)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < count; i++)
            lines.Append(CultureInfo.InvariantCulture,
                $"{{\"text\":\"Document {i}: {string.Join(' ', Enumerable.Range(i, 5 + (i % 37)))}\"}}\n");
        return folder.Write("documents.jsonl", lines.ToString());
    }

    /// <summary>A byte data set of <paramref name="count"/> documents.</summary>
    public static TokenDataset Build(TemporaryFolder folder, int count = 200, double validationFraction = 0.1, long shardTokens = 1 << 20)
    {
        DatasetBuilder.Build(new PrepareOptions
        {
            Sources = [WriteDocuments(folder, count)],
            Output = folder["set"],
            ValidationFraction = validationFraction,
            ShardTokens = shardTokens,
        });
        return TokenDataset.Open(folder["set"]);
    }

    /// <summary>The data set of <see cref="Build"/> as a run opens it, laid out in samples.</summary>
    public static TrainingSamples Lay(this TokenDataset set, int seqLen, ulong seed, bool maskDocuments = true)
    {
        var config = new DataConfig { Folder = set.Folder, MaskDocuments = maskDocuments };
        return new TrainingSamples(DataMixture.Open(config), config, seqLen, seed);
    }

    public static int[] ReadAll(this TokenSplit split)
    {
        var tokens = new int[split.Tokens];
        split.Read(0, tokens);
        return tokens;
    }
}
