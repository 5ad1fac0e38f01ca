using System.Security.Cryptography;
using System.Text.Json;
using SparkTrain.Data;
using SparkTrain.Input;

namespace SparkTrain.Bench;

/// <summary>Prepared data sets of ours: shards, lengths, manifest and tokenizer.</summary>
internal static class DatasetInputs
{
    private const int Vocabulary = 300, Documents = 40;

    /// <summary>Makes them.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder)
    {
        var random = new Random(1);
        DatasetWriter.Write(folder, Vocabulary, [.. Enumerable.Range(0, Documents).Select(i => (int[])[.. Enumerable.Range(0, 3 + i).Select(_ => 1 + random.Next(Vocabulary - 1)), DatasetWriter.EndToken])]);
        return [FuzzInput.OfFolder(folder)];
    }

    /// <summary>Gives most damaged data sets the checksums of what they hold, so that damaged pages are decoded.</summary>
    public static void Seal(IDictionary<string, byte[]> files, Random random)
    {
        if (random.Next(4) == 0 || !files.TryGetValue(DatasetManifest.FileName, out byte[]? json) || Read(json) is not { } manifest) return;
        manifest = manifest with { Train = Sealed(manifest.Train, files), Validation = Sealed(manifest.Validation, files) };
        files[DatasetManifest.FileName] = JsonSerializer.SerializeToUtf8Bytes(manifest with { Fingerprint = manifest.ComputeFingerprint() }, IndentedJson.Options);
    }

    /// <summary>Reads all there is, and looks for what is wrong.</summary>
    public static void Read(string folder)
    {
        DatasetCheck.Run(folder, hashes: null);
        using var dataset = TokenDataset.Open(folder);
        foreach (var split in (TokenSplit[])[dataset.Train, dataset.Validation])
        {
            int[] tokens = new int[512];
            for (long at = 0; at < split.Tokens; at += tokens.Length) split.Read(at, tokens.AsSpan(0, (int)Math.Min(tokens.Length, split.Tokens - at)));
            foreach (var _ in split.ReadDocuments(0, split.Documents)) { }
        }
    }

    private static DatasetManifest? Read(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<DatasetManifest>(json, IndentedJson.Options) is { } manifest && manifest.Shards.All(shard => shard is not null) ? manifest : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static SplitManifest Sealed(SplitManifest split, IDictionary<string, byte[]> files) => split with { Shards = [.. split.Shards.Select(shard => Sealed(shard, files))] };

    private static ShardManifest Sealed(ShardManifest shard, IDictionary<string, byte[]> files)
    {
        if (files.TryGetValue(shard.File, out byte[]? tokens)) shard = shard with { FileBytes = tokens.Length, Sha256 = Hash(tokens), Checksums = Checksums(tokens) };
        return shard.Lengths is { } lengths && files.TryGetValue(lengths.File, out byte[]? column)
            ? shard with { Lengths = lengths with { FileBytes = column.Length, Sha256 = Hash(column), Checksums = Checksums(column) } } : shard;
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static byte[] Checksums(byte[] bytes) => [.. bytes.Chunk(CheckedFile.BlockBytes).SelectMany(block => BitConverter.GetBytes(CheckedFile.Checksum(block)))];
}
