using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>What dataset.json says about a data set.</summary>
public sealed record DatasetManifest
{
    /// <summary>The name of the file inside the data set's folder.</summary>
    public const string FileName = "dataset.json";

    /// <summary>The format that this version reads and writes.</summary>
    public const int CurrentFormatVersion = 1;

    // The checksums of 24 TB of shards.
    private const int MaxBytes = 1 << 30;

    private const string Again = "prepare the data set again; the file was edited or damaged";

    /// <summary>Grows by one when older readers would misread the folder.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>
    /// SHA-256 over everything that decides which tokens are read in which order: tokenizer, splits, shards and their hashes.
    /// </summary>
    public required string Fingerprint { get; init; }

    /// <summary>The tokenizer whose files lie in the folder <c>tokenizer</c>.</summary>
    public required TokenizerIdentity Tokenizer { get; init; }

    /// <summary>The documents to train on.</summary>
    public required SplitManifest Train { get; init; }

    /// <summary>The documents held back for validation.</summary>
    public required SplitManifest Validation { get; init; }

    /// <summary>Where the text came from, a line per source.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>SHA-256 over options, file names, sizes and times that prepare was given; equal inputs need no second run.</summary>
    public required string Inputs { get; init; }

    /// <summary>Documents without any text, which were left out.</summary>
    public long EmptyDocuments { get; init; }

    /// <summary>Documents that are not valid UTF-8, which were left out.</summary>
    public long InvalidDocuments { get; init; }

    /// <summary>Copies of earlier documents, which were left out because prepare was asked to.</summary>
    public long DuplicateDocuments { get; init; }

    /// <summary>The shards of both splits.</summary>
    internal IEnumerable<ShardManifest> Shards => Train.Shards.Concat(Validation.Shards);

    /// <summary>All files of shards.</summary>
    internal IEnumerable<ColumnManifest> Files => Shards.SelectMany(shard => shard.Files);

    /// <summary>
    /// Reads the manifest of the data set in <paramref name="folder"/>. Throws <see cref="DataException"/> where there is none that can be
    /// used.
    /// </summary>
    public static DatasetManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        const string Make = "make one with `prepare TEXT… --tokenizer SPEC --output FOLDER` (a shipped configuration says in its first lines of what), or correct Data.Folder";
        if (!Directory.Exists(folder)) throw new DataException(folder, "there is no such folder", "a data set", Make);
        if (!File.Exists(path)) throw new DataException(folder, $"it holds no {FileName}", "a data set", Make);
        try
        {
            var bytes = RegularFile.ReadAllBytes(path, MaxBytes);
            using var document = JsonText.Parse(bytes);
            if (document.RootElement.TryGetProperty("formatVersion", out var version) && version.TryGetInt32(out var number)
                && number > CurrentFormatVersion)
                throw new DataException(path, $"its format version is {number}", $"at most {CurrentFormatVersion}",
                    "use the version of SparkTrain that wrote it, or a newer one");
            var manifest = JsonSerializer.Deserialize<DatasetManifest>(bytes, IndentedJson.Options)
                ?? throw new JsonException("It is null.");
            manifest.Check(path);
            return manifest;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new DataException(path, $"it cannot be read ({e.Reason()})", "the manifest that prepare wrote",
                "prepare the data set again", e);
        }
    }

    // It names files that are on the disk; so it must be there too before the folder gets its name.
    internal void Write(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, FileName), FileMode.Create, FileAccess.Write);
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(this, IndentedJson.Options), (byte)'\n']);
        file.Flush(flushToDisk: true);
    }

    internal string ComputeFingerprint()
    {
        var text = new StringBuilder($"format {FormatVersion}\ntokenizer {Tokenizer.Hash} {Tokenizer.VocabSize}\n");
        foreach (var (name, split) in new[] { (DatasetLayout.TrainSplit, Train), (DatasetLayout.ValidationSplit, Validation) })
            foreach (var shard in split.Shards) text.Append($"{name} {shard.Tokens} {shard.Documents} {shard.Sha256}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private void Check(string path)
    {
        if (Train.Shards.Concat(Validation.Shards).Any(shard => shard is null)) throw new DataException(path, "a shard is null", "a manifest as prepare wrote it", Again);
        if (ComputeFingerprint() != Fingerprint)
            throw new DataException(path, "its fingerprint does not belong to the shards it lists", "a manifest as prepare wrote it", Again);
        foreach (var (name, split) in new[] { (DatasetLayout.TrainSplit, Train), (DatasetLayout.ValidationSplit, Validation) })
        {
            RequireSum(path, $"{name} claims {split.Tokens} tokens", split.Tokens, [.. split.Shards.Select(s => s.Tokens)], least: 1);
            RequireSum(path, $"{name} claims {split.Documents} documents", split.Documents, [.. split.Shards.Select(s => s.Documents)], least: 0);
            RequireSum(path, $"{name} claims {split.Bytes} bytes of text", split.Bytes, [.. split.Shards.Select(s => s.Bytes)], least: 0);
            if (split.Shards.FirstOrDefault(s => !s.IsInFolder) is { } outside)
                throw new DataException(path, $"a shard is called '{outside.File}'{(outside.Lengths is { } file ? $" and its lengths '{file.File}'" : "")}", "a plain file name inside the folder",
                    "prepare the data set again");
        }
    }

    private static void RequireSum(string path, string claim, long total, long[] parts, long least)
    {
        var sum = parts.Sum(part => (decimal)part);   // of long it may overflow
        if (sum != total || parts.Any(part => part < least))
            throw new DataException(path, $"{claim}, its shards {sum}", $"equal numbers, at least {least} a shard", Again);
    }
}

/// <summary>Which tokenizer made the tokens.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Hash">SHA-256 of its definition.</param>
/// <param name="VocabSize">One more than its largest id.</param>
/// <param name="BosToken">The id that begins every document, if any.</param>
/// <param name="EosToken">The id that ends every document.</param>
public sealed record TokenizerIdentity(string Name, string Hash, int VocabSize, int? BosToken, int EosToken);

/// <summary>One side of the split between training and validation.</summary>
/// <param name="Tokens">Tokens in all shards, begin and end tokens included.</param>
/// <param name="Documents">Documents in all shards.</param>
/// <param name="Bytes">UTF-8 bytes of their text.</param>
/// <param name="Shards">The files, in the order of the token stream.</param>
public sealed record SplitManifest(long Tokens, long Documents, long Bytes, IReadOnlyList<ShardManifest> Shards);

/// <summary>One Parquet file of tokens.</summary>
/// <param name="File">Its name inside the folder.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Documents">Its documents.</param>
/// <param name="Bytes">UTF-8 bytes of the text of these documents.</param>
/// <param name="FileBytes">Its size on disk.</param>
/// <param name="Sha256">SHA-256 of the file in lower-case hex.</param>
/// <param name="Checksums">CRC-32C of every 128 KiB of the file, four little-endian bytes each, in base 64.</param>
public sealed record ShardManifest(string File, long Tokens, long Documents, long Bytes, long FileBytes, string Sha256, byte[] Checksums)
{
    /// <summary>The file with the lengths of its documents; null where an older version wrote the shard.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ColumnManifest? Lengths { get; init; }

    /// <summary>True where it names files inside the folder of its dataset, as every dataset does.</summary>
    internal bool IsInFolder => RegularFile.IsName(File) && (Lengths is null || Lengths.File == DatasetLayout.LengthsOf(File));

    /// <summary>Its own file.</summary>
    internal ColumnManifest Column => new(File, FileBytes, Sha256, Checksums);

    /// <summary>All its files.</summary>
    internal IEnumerable<ColumnManifest> Files => Lengths is null ? [Column] : [Column, Lengths];
}

/// <summary>A Parquet file of one int32 column.</summary>
/// <param name="File">Its path inside the folder.</param>
/// <param name="FileBytes">Its size on disk.</param>
/// <param name="Sha256">SHA-256 of the file in lower-case hex.</param>
/// <param name="Checksums">CRC-32C of every 128 KiB of the file, four little-endian bytes each, in base 64.</param>
public sealed record ColumnManifest(string File, long FileBytes, string Sha256, byte[] Checksums);
