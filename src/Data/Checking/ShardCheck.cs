using System.Security.Cryptography;

namespace SparkTrain.Data;

/// <summary>Reads one shard from its first byte to its last and compares it with everything that is known of it.</summary>
internal sealed class ShardCheck(TokenDataset dataset, ShardManifest shard, DocumentHashes? hashes, int split)
{
    private const int MaxProblemsOfAKind = 5;

    private readonly string path = Path.Combine(dataset.Folder, shard.File);
    private readonly ITokenizer tokenizer = dataset.Tokenizer;
    private readonly Dictionary<string, int> told = [];

    public List<DataProblem> Problems { get; } = [];

    public long Tokens { get; private set; }

    public long TextBytes { get; private set; }

    public long Empty { get; private set; }

    public long Duplicates { get; private set; }

    /// <summary>How many documents have how many tokens.</summary>
    public Dictionary<int, long> Lengths { get; } = [];

    public ShardCheck Run(CancellationToken cancellation)
    {
        foreach (var file in shard.Files) CompareHash(Path.Combine(dataset.Folder, file.File), file);
        try
        {
            ReadDocuments(cancellation);
        }
        catch (DataException e)
        {
            Problems.Add(new DataProblem(e.Where, e.Found, IsDamage: true));
        }
        foreach (var (kind, count) in told)
            if (count > MaxProblemsOfAKind) Problems.Add(new DataProblem(path, $"{count - MaxProblemsOfAKind} more documents: {kind}", IsDamage: true));
        return this;
    }

    private void CompareHash(string file, ColumnManifest expected)
    {
        if (!File.Exists(file)) return;   // reading it will say so
        using var stream = File.OpenRead(file);
        var hash = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (hash != expected.Sha256) Problems.Add(new DataProblem(file, $"its SHA-256 is {hash[..12]}…, not {expected.Sha256[..Math.Min(12, expected.Sha256.Length)]}… as it was written", IsDamage: true));
    }

    // One row group is in memory at a time, and the document that goes on in the next one.
    private void ReadDocuments(CancellationToken cancellation)
    {
        using var reader = ColumnReader.Open(dataset.Folder, shard.Column, ColumnFormat.Tokens, shard.Tokens);
        using var lengths = shard.Lengths is { } file ? ColumnReader.Open(dataset.Folder, file, ColumnFormat.Lengths, shard.Documents) : null;
        var expected = lengths?.ReadAll((int)Math.Min(int.MaxValue, shard.Tokens + 1));
        var (tokens, begun, documents) = (new int[ColumnFormat.RowGroupValues], new List<int>(), 0L);
        for (var group = 0; Tokens < shard.Tokens; group++)
        {
            cancellation.ThrowIfCancellationRequested();
            var rest = tokens.AsSpan(0, reader.ReadRowGroup(group, tokens, tokenizer.VocabSize));
            Tokens += rest.Length;
            for (var end = rest.IndexOf(tokenizer.EosToken); end >= 0; end = rest.IndexOf(tokenizer.EosToken))
            {
                begun.AddRange(rest[..(end + 1)]);
                Document(documents++, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(begun), expected);
                begun.Clear();
                rest = rest[(end + 1)..];
            }
            begun.AddRange(rest);
        }
        if (begun.Count > 0) Problems.Add(new DataProblem(path, $"its last {begun.Count} tokens belong to a document without an end token", IsDamage: true));
        if (documents != shard.Documents) Problems.Add(new DataProblem(path, $"it holds {documents} documents, the manifest says {shard.Documents}", IsDamage: true));
        if (TextBytes != shard.Bytes) Problems.Add(new DataProblem(path, $"its tokens stand for {TextBytes} bytes of text, the manifest says {shard.Bytes}", IsDamage: false));
    }

    private void Document(long number, ReadOnlySpan<int> tokens, int[]? expected)
    {
        Lengths[tokens.Length] = Lengths.GetValueOrDefault(tokens.Length) + 1;
        if (expected is not null && number < expected.Length && expected[number] != tokens.Length) Tell(number, "its length is not the one that is written beside the shard");
        if (tokenizer.BosToken is { } bos && tokens[0] != bos) Tell(number, "it does not begin with the begin token");
        var bytes = 0L;
        foreach (var token in tokens) bytes += tokenizer.ByteLength(token);
        TextBytes += bytes;
        if (bytes == 0) Empty++;
        if (hashes?.Add(split, tokens) == false) Duplicates++;
    }

    private void Tell(long number, string found)
    {
        var count = told[found] = told.GetValueOrDefault(found) + 1;
        if (count <= MaxProblemsOfAKind) Problems.Add(new DataProblem($"{path} document {number}", found, IsDamage: true));
    }
}
