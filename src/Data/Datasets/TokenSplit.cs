using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>The tokens of all shards of one split as a single stream, readable anywhere. Safe for several threads.</summary>
public sealed class TokenSplit
{
    private readonly ShardCache cache;
    private readonly SplitManifest manifest;
    private readonly long[] starts;

    internal TokenSplit(string name, string folder, SplitManifest manifest, TokenDataset dataset, ShardCache cache)
    {
        (Name, Where, Dataset, this.manifest, this.cache) = (name, $"{folder} split '{name}'", dataset, manifest, cache);
        starts = new long[manifest.Shards.Count + 1];
        for (var shard = 0; shard < manifest.Shards.Count; shard++) starts[shard + 1] = starts[shard] + manifest.Shards[shard].Tokens;
    }

    /// <summary><c>train</c> or <c>validation</c>.</summary>
    public string Name { get; }

    /// <summary>The data set that this is a part of.</summary>
    public TokenDataset Dataset { get; }

    /// <summary>Length of the stream, begin and end tokens included.</summary>
    public long Tokens => manifest.Tokens;

    /// <summary>Documents in the stream.</summary>
    public long Documents => manifest.Documents;

    /// <summary>UTF-8 bytes of the text that the stream stands for.</summary>
    public long TextBytes => manifest.Bytes;

    /// <summary>The token that ends every document.</summary>
    internal int EosToken => Dataset.Tokenizer.EosToken;

    /// <summary>Number of shards.</summary>
    internal int Shards => manifest.Shards.Count;

    /// <summary>Folder and name, as error messages begin.</summary>
    internal string Where { get; }

    /// <summary>Where the stream goes on in shard <paramref name="shard"/>.</summary>
    internal long StartOf(int shard) => starts[shard];

    /// <summary>Returns the lengths of the documents of shard <paramref name="shard"/> in tokens. Throws <see cref="DataException"/> where they are missing or damaged.</summary>
    internal int[] ReadLengths(int shard) => cache.ReadLengths(manifest.Shards[shard]);

    /// <summary>
    /// Reads <paramref name="count"/> documents one after another, from number <paramref name="first"/> on, each with its number. Throws <see cref="DataException"/> where their lengths are not known or a shard is damaged.
    /// </summary>
    public IEnumerable<(long Number, int[] Tokens)> ReadDocuments(long first, long count)
    {
        for (var (shard, number) = (0, 0L); shard < Shards && number < first + count; number += manifest.Shards[shard++].Documents)
        {
            if (number + manifest.Shards[shard].Documents <= first) continue;
            var offset = starts[shard];
            foreach (var (index, length) in ReadLengths(shard).Index())
            {
                if (number + index >= first + count) yield break;
                if (number + index >= first)
                {
                    var tokens = new int[length];
                    Read(offset, tokens);
                    yield return (number + index, tokens);
                }
                offset += length;
            }
        }
    }

    /// <summary>
    /// Fills <paramref name="into"/> with the tokens from <paramref name="offset"/> on. Throws <see cref="DataException"/> naming file and
    /// row group where a shard is missing or damaged.
    /// </summary>
    public void Read(long offset, Span<int> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Tokens - into.Length);
        while (!into.IsEmpty)
        {
            var found = Array.BinarySearch(starts, offset);
            var shard = found >= 0 ? found : ~found - 1;
            var count = cache.Read(manifest.Shards[shard], offset - starts[shard], into);
            offset += count;
            into = into[count..];
        }
    }
}
