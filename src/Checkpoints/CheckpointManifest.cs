using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SparkTrain.Checkpoints;

/// <summary>manifest.json of a checkpoint: everything about it but the tensors' bytes.</summary>
public sealed record CheckpointManifest
{
    /// <summary>The manifest's file name.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The format that this version reads and writes.</summary>
    public const int CurrentFormat = 2;

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

    internal static JsonSerializerOptions Json { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="CheckpointException">The file is missing, not valid, or of a newer format.</exception>
    public static CheckpointManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            int? format = (int?)JsonNode.Parse(bytes)?["format_version"];
            if (format is { } other and not CurrentFormat)
                throw new CheckpointException(path, $"the checkpoint has format {other}", $"format {CurrentFormat}", $"use {(other > CurrentFormat ? "a newer" : "the older")} SparkTrain that wrote it");
            return JsonSerializer.Deserialize<CheckpointManifest>(bytes, Json) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"it cannot be read ({e.Message.TrimEnd('.')})", "the manifest of a checkpoint", "delete this checkpoint folder; the run resumes from the one before", e);
        }
    }
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
