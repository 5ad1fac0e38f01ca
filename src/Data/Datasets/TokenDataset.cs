using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>
/// A prepared data set: a folder of Parquet shards, dataset.json and tokenizer. Shards are opened when they are first read.
/// </summary>
public sealed class TokenDataset : IDisposable
{
    /// <summary>Row groups that <see cref="Open"/> keeps decoded unless told otherwise, in bytes.</summary>
    public const long DefaultCacheBytes = 128L << 20;

    private readonly ShardCache cache;

    private TokenDataset(string folder, DatasetManifest manifest, ITokenizer tokenizer, long cacheBytes)
    {
        (Folder, Manifest, Tokenizer) = (folder, manifest, tokenizer);
        cache = new ShardCache(folder, manifest.Tokenizer.VocabSize, cacheBytes);
        Train = new TokenSplit(DatasetLayout.TrainSplit, folder, manifest.Train, this, cache);
        Validation = new TokenSplit(DatasetLayout.ValidationSplit, folder, manifest.Validation, this, cache);
    }

    /// <summary>Where the data set is.</summary>
    public string Folder { get; }

    /// <summary>What dataset.json says.</summary>
    public DatasetManifest Manifest { get; }

    /// <summary>The tokenizer that made the tokens.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The tokens to train on.</summary>
    public TokenSplit Train { get; }

    /// <summary>The tokens held back for validation.</summary>
    public TokenSplit Validation { get; }

    /// <summary>
    /// Opens the data set in <paramref name="folder"/>; at most <paramref name="cacheBytes"/> of decoded row groups are kept. Throws
    /// <see cref="DataException"/> where the manifest or the tokenizer is missing, newer or not the one that made the shards.
    /// </summary>
    public static TokenDataset Open(string folder, long cacheBytes = DefaultCacheBytes)
    {
        var manifest = DatasetManifest.Read(folder);
        var tokenizerFolder = Path.Combine(folder, DatasetLayout.TokenizerFolder);
        var tokenizer = TokenizerLoader.Load(tokenizerFolder);
        if (tokenizer.Hash != manifest.Tokenizer.Hash)
            throw new DataException(tokenizerFolder, $"the tokenizer's hash is {tokenizer.Hash}",
                $"{manifest.Tokenizer.Hash}, as {DatasetManifest.FileName} says",
                "restore the files that prepare wrote, or prepare the data set again");
        return new TokenDataset(folder, manifest, tokenizer, cacheBytes);
    }

    /// <summary>Closes the shards.</summary>
    public void Dispose() => cache.Dispose();
}
