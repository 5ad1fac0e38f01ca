using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>When checkpoints are written and how many stay.</summary>
public sealed record CheckpointConfig
{
    /// <summary>Steps between checkpoints; the last step is always saved.</summary>
    [Range(1, 1_000_000_000)]
    public long EverySteps { get; init; } = 500;

    /// <summary>Newest checkpoints that stay; older ones are deleted after a new one is complete.</summary>
    [Range(1, 1_000_000)]
    public int KeepLast { get; init; } = 3;
}

/// <summary>The folder <c>checkpoints/</c> of a run: one complete folder per saved step, found again after any interruption.</summary>
public sealed class CheckpointStore(string folder, int keepLast)
{
    private const string CompleteFile = "COMPLETE";
    private const string StepPrefix = "step-";

    /// <summary>The checkpoints folder.</summary>
    public string Folder => folder;

    /// <summary>Complete checkpoints, newest first.</summary>
    public IReadOnlyList<string> Complete() =>
        !Directory.Exists(folder) ? [] : [.. Directory.EnumerateDirectories(folder, StepPrefix + "*").Where(IsComplete).OrderByDescending(Path.GetFileName, StringComparer.Ordinal)];

    /// <summary>True where a folder is a checkpoint that was written to its end.</summary>
    public static bool IsComplete(string checkpoint) => File.Exists(Path.Combine(checkpoint, CompleteFile));

    /// <summary>Writes a checkpoint; returns its folder. After a failure the older checkpoints are untouched.</summary>
    /// <param name="describe">Makes the manifest from the table of files and tensors.</param>
    /// <param name="step">The step, which names the folder.</param>
    /// <param name="tensors">Every tensor with the source of its bytes.</param>
    /// <exception cref="CheckpointException">The disk is full or not writable.</exception>
    public string Save(long step, IReadOnlyList<(TensorInfo Info, SafetensorsWriter.Source Bytes)> tensors,
        Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, TensorPlace>, CheckpointManifest> describe)
    {
        const string Shard = "rank-00000-of-00001.safetensors";
        string path = Path.Combine(folder, StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));
        long bytes = tensors.Sum(t => t.Info.ByteLength);
        try
        {
            Directory.CreateDirectory(folder);
            DurableFolder.Publish(path, temporary =>
            {
                string file = Path.Combine(temporary, Shard);
                string hash = SafetensorsWriter.Write(file, tensors);
                var header = SafetensorsHeader.Read(file);
                var manifest = describe(
                    new Dictionary<string, ShardFile> { [Shard] = new(new FileInfo(file).Length, hash) },
                    header.Tensors.ToDictionary(t => t.Key, t => new TensorPlace(Shard, t.Value.Offset, t.Value.Info.ByteLength)));
                DurableFolder.WriteFile(Path.Combine(temporary, CheckpointManifest.FileName), JsonSerializer.SerializeToUtf8Bytes(manifest, CheckpointManifest.Json));
                DurableFolder.WriteFile(Path.Combine(temporary, CompleteFile), []);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"the checkpoint was not saved ({e.Message.TrimEnd('.')}; {FreeText()})", $"room for {bytes / 1e6:F0} MB in a writable folder",
                "free space, or move the run to another disk; older checkpoints are untouched", e);
        }
        foreach (string old in Complete().Skip(keepLast)) Directory.Delete(old, recursive: true);
        return path;
    }

    /// <summary>Reads the manifest of a checkpoint and checks every file against its hash.</summary>
    /// <exception cref="CheckpointException">The manifest is not valid, a file is missing or its bytes changed.</exception>
    public static CheckpointManifest Verify(string checkpoint)
    {
        var manifest = CheckpointManifest.Read(checkpoint);
        foreach (var (name, expected) in manifest.Files)
        {
            string path = Path.Combine(checkpoint, name);
            if (!File.Exists(path)) throw Damaged(path, "is missing");
            long bytes = new FileInfo(path).Length;
            if (bytes != expected.Bytes) throw Damaged(path, $"has {bytes} bytes instead of {expected.Bytes}");
            using var file = File.OpenRead(path);
            if (Convert.ToHexStringLower(SHA256.HashData(file)) != expected.Sha256) throw Damaged(path, "has other bytes than were written");
        }
        return manifest;
    }

    private static CheckpointException Damaged(string path, string what) =>
        new(path, $"the file {what}", "the file as it was saved", "delete this checkpoint folder; the run resumes from the one before");

    private string FreeText()
    {
        try
        {
            return $"{new DriveInfo(folder).AvailableFreeSpace / 1e6:F0} MB free";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "free space unknown";
        }
    }
}
