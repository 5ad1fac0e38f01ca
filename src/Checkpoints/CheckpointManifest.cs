using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>manifest.json of a checkpoint: everything about it but the tensors' bytes.</summary>
public sealed record CheckpointManifest
{
    /// <summary>The manifest's file name.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The format that this version writes.</summary>
    public const int CurrentFormat = 3;

    /// <summary>The oldest format that this version reads. In format 2 <c>COMPLETE</c> is empty, so that no hash covers the manifest.</summary>
    public const int OldestFormat = 2;

    // Thousands of tensors in thousands of pieces are not a tenth of it.
    private const int MaxBytes = 1 << 30;

    /// <summary>Format of the checkpoint.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>Version of SparkTrain that wrote it.</summary>
    public required string CodeVersion { get; init; }

    /// <summary>How far the run is.</summary>
    public required TrainProgress Progress { get; init; }

    /// <summary>Ranks that wrote it.</summary>
    public required int WorldSize { get; init; }

    /// <summary>Seed of weights and data order.</summary>
    public required long Seed { get; init; }

    /// <summary>Fingerprint of the dataset that NextSample counts in.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>The run's configuration.</summary>
    public required JsonObject Config { get; init; }

    /// <summary>Each file with its size and hash.</summary>
    public required IReadOnlyDictionary<string, ShardFile> Files { get; init; }

    /// <summary>Each tensor with the places of its pieces, in the order of its elements.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>> Tensors { get; init; }

    /// <summary>The file of a rank in a checkpoint.</summary>
    public static string ShardName(int rank, int worldSize) => string.Create(CultureInfo.InvariantCulture, $"rank-{rank:D5}-of-{worldSize:D5}.safetensors");

    /// <summary>Numbers of the training state by name, where there are any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Scalars { get; init; }

    internal static JsonSerializerOptions Json { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Reads a manifest and checks that it makes sense: that every piece lies in a file of the checkpoint, and that the pieces of a tensor follow each other.</summary>
    /// <exception cref="CheckpointException">The file is missing, not valid, or of another format.</exception>
    public static CheckpointManifest Read(string folder) => Parse(Path.Combine(folder, FileName), ReadBytes(folder));

    /// <summary>The format of the checkpoint in a folder, this version's or not; null where there is no manifest that says one.</summary>
    public static int? FormatOf(string folder)
    {
        try
        {
            return FormatOf(RegularFile.ReadAllBytes(Path.Combine(folder, FileName), MaxBytes));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static byte[] ReadBytes(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return RegularFile.ReadAllBytes(path, MaxBytes);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw Unreadable(path, File.Exists(path) ? e.Message : "there is no such file", e);
        }
    }

    internal static CheckpointManifest Parse(string path, byte[] bytes)
    {
        try
        {
            if (FormatOf(bytes) is { } format && format is < OldestFormat or > CurrentFormat)
                throw new CheckpointException(path, $"the checkpoint has format {format}", $"format {OldestFormat} to {CurrentFormat}", $"use {(format > CurrentFormat ? "a newer" : "the older")} SparkTrain that wrote it");
            var manifest = JsonSerializer.Deserialize<CheckpointManifest>(bytes, Json) ?? throw new JsonException("null");
            if (ManifestRules.FirstBroken(manifest) is { } problem) throw Unreadable(path, problem);
            if (manifest.Config["Model"] is JsonObject model) ModelConfig.MoveFormerKeys(model);
            return manifest;
        }
        // A name that stands twice is an ArgumentException inside a JsonObject.
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw Unreadable(path, e.Message, e);
        }
    }

    private static int? FormatOf(byte[] bytes)
    {
        using var json = JsonText.Parse(bytes);
        return json.RootElement.TryGetProperty("format_version", out var format) && format.TryGetInt32(out int number) ? number : null;
    }

    private static CheckpointException Unreadable(string path, string problem, Exception? inner = null) =>
        new(path, $"it cannot be read ({problem.TrimEnd('.')})", "the manifest of a checkpoint", "delete this checkpoint folder; the run resumes from the one before", inner);
}

/// <summary>A file of a checkpoint.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 of its bytes, lower-case hex.</param>
public sealed record ShardFile(long Bytes, string Sha256);

/// <summary>Where the bytes of a piece of a tensor lie.</summary>
/// <param name="File">File name within the checkpoint.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Number of bytes.</param>
/// <param name="First">The tensor's element that the piece begins with.</param>
public sealed record TensorPlace(string File, long Offset, long Length, long First);
