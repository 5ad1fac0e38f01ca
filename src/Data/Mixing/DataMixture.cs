using System.Security.Cryptography;
using System.Text;
using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>The data sets of a run, made by one tokenizer. Shards are opened when they are first read.</summary>
public sealed class DataMixture : IDisposable
{
    private DataMixture(IReadOnlyList<DataSource> sources) => Sources = sources;

    /// <summary>The data sets with their weights.</summary>
    public IReadOnlyList<DataSource> Sources { get; }

    /// <summary>The tokenizer that made all of them.</summary>
    public ITokenizer Tokenizer => Sources[0].Dataset.Tokenizer;

    /// <summary>Names the tokens of all data sets: of a single one its own fingerprint, else the SHA-256 of all of them in order.</summary>
    public string Fingerprint => Sources is [var only] ? only.Dataset.Manifest.Fingerprint
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', Sources.Select(s => s.Dataset.Manifest.Fingerprint)))));

    /// <summary>
    /// Opens the data sets that <paramref name="config"/> names. Throws <see cref="DataException"/> where one cannot be used, or was made by another tokenizer than
    /// the first.
    /// </summary>
    public static DataMixture Open(DataConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var opened = new List<DataSource>();
        try
        {
            foreach (var source in config.AllSources())
            {
                opened.Add(new DataSource(source, TokenDataset.Open(source.Folder, (long)config.CacheMegabytes << 20)));
                RequireOneTokenizer(opened[0], opened[^1]);
            }
            return new DataMixture(opened);
        }
        catch
        {
            foreach (var source in opened) source.Dataset.Dispose();
            throw;
        }
    }

    /// <summary>Closes the data sets.</summary>
    public void Dispose()
    {
        foreach (var source in Sources) source.Dataset.Dispose();
    }

    private static void RequireOneTokenizer(DataSource first, DataSource other)
    {
        if (first.Dataset.Tokenizer.Hash != other.Dataset.Tokenizer.Hash)
            throw new DataException(other.Config.Folder, $"it was made by tokenizer {other.Dataset.Tokenizer.Name}", $"{first.Dataset.Tokenizer.Name}, which made {first.Config.Folder}",
                $"prepare it again with --tokenizer {Path.Combine(first.Config.Folder, DatasetLayout.TokenizerFolder)}");
    }
}

/// <summary>One data set of a mixture.</summary>
/// <param name="Config">Its name, weights and limit.</param>
/// <param name="Dataset">The data set.</param>
public sealed record DataSource(DataSourceConfig Config, TokenDataset Dataset);
