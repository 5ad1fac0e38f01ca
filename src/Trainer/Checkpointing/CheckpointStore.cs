using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using static TorchSharp.torch;

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
        !Directory.Exists(folder) ? [] : [.. Directory.EnumerateDirectories(folder, StepPrefix + "*").Where(path => IsComplete(path) && HasStep(path)).OrderByDescending(Path.GetFileName, StringComparer.Ordinal)];

    /// <summary>The folder of the checkpoint of a step.</summary>
    public string PathOf(long step) => Path.Combine(folder, StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The step of a checkpoint's folder.</summary>
    public static long StepOf(string checkpoint) => long.Parse(Path.GetFileName(checkpoint).AsSpan(StepPrefix.Length), CultureInfo.InvariantCulture);

    /// <summary>True where a folder is a checkpoint that was written to its end.</summary>
    public static bool IsComplete(string checkpoint) => File.Exists(Path.Combine(checkpoint, CompleteFile));

    /// <summary>Writes a checkpoint, each rank its pieces; returns its folder. All ranks call it; when one fails all do, and the older checkpoints are untouched.</summary>
    /// <param name="ranks">The ranks that write together into a folder that all of them see.</param>
    /// <param name="step">The step, which names the folder.</param>
    /// <param name="pieces">This rank's pieces of tensors.</param>
    /// <param name="describe">Makes the manifest from the table of files and tensors.</param>
    /// <exception cref="CheckpointException">The disk is full or not writable.</exception>
    public string Save(ICollectives ranks, long step, IReadOnlyList<(TensorPiece Piece, Func<Tensor> Values)> pieces,
        Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> describe)
    {
        ranks.Report(step, "saving");
        string path = PathOf(step);
        bool isFirst = ranks.Rank == 0;
        try
        {
            Together(ranks, path, () => { if (isFirst) DurableFolder.Begin(path); });
            ShardFile? own = null;
            Together(ranks, path, () => own = Write(Path.Combine(DurableFolder.TemporaryOf(path), ShardName(ranks.Rank, ranks.WorldSize)), pieces));
            var files = Gather(ranks, own!);
            Together(ranks, path, () => { if (isFirst) Publish(path, files, describe); });
        }
        catch (CheckpointException) when (isFirst)
        {
            DurableFolder.Discard(path);
            throw;
        }
        return path;
    }

    /// <summary>Reads the manifest of a checkpoint and checks its files against their hashes.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="rank">This one of the ranks that share the work.</param>
    /// <param name="worldSize">How many they are; each checks every worldSize-th file.</param>
    /// <exception cref="CheckpointException">The manifest is not valid, a file is missing or its bytes changed.</exception>
    public static CheckpointManifest Verify(string checkpoint, int rank = 0, int worldSize = 1)
    {
        var manifest = CheckpointManifest.Read(checkpoint);
        foreach (var (index, (name, expected)) in manifest.Files.OrderBy(file => file.Key, StringComparer.Ordinal).Index())
        {
            if (index % worldSize != rank) continue;
            string path = Path.Combine(checkpoint, name);
            if (!File.Exists(path)) throw Damaged(path, "is missing");
            long bytes = new FileInfo(path).Length;
            if (bytes != expected.Bytes) throw Damaged(path, $"has {bytes} bytes instead of {expected.Bytes}");
            using var file = File.OpenRead(path);
            if (Convert.ToHexStringLower(SHA256.HashData(file)) != expected.Sha256) throw Damaged(path, "has other bytes than were written");
        }
        return manifest;
    }

    /// <summary>The file of a rank in a checkpoint.</summary>
    public static string ShardName(int rank, int worldSize) => string.Create(CultureInfo.InvariantCulture, $"rank-{rank:D5}-of-{worldSize:D5}.safetensors");

    private static bool HasStep(string checkpoint) => long.TryParse(Path.GetFileName(checkpoint).AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static unsafe ShardFile Write(string file, IReadOnlyList<(TensorPiece Piece, Func<Tensor> Values)> pieces)
    {
        if (!Directory.Exists(Path.GetDirectoryName(file))) throw new DirectoryNotFoundException("rank 0 made its folder, but this rank does not see it: all hosts must share the run folder");
        Tensor? values = null;
        string hash = SafetensorsWriter.Write(file, [.. pieces.Select(piece => (piece.Piece.Info, (SafetensorsWriter.Source)(() =>
        {
            values?.Dispose();
            using var scope = NewDisposeScope();
            return (byte*)TensorMemory.Pointer(values = piece.Values().cpu().contiguous().DetachFromDisposeScope());
        })))]);
        values?.Dispose();
        return new(new FileInfo(file).Length, hash);
    }

    // Each rank fills its own places, so the sum is everybody's.
    private static Dictionary<string, ShardFile> Gather(ICollectives ranks, ShardFile own)
    {
        byte[] hash = Convert.FromHexString(own.Sha256);
        int length = 1 + hash.Length;
        var table = new double[ranks.WorldSize * length];
        double[] mine = [own.Bytes, .. hash.Select(b => (double)b)];
        mine.CopyTo(table, ranks.Rank * length);
        ranks.AllReduceSum(table);
        return Enumerable.Range(0, ranks.WorldSize).ToDictionary(rank => ShardName(rank, ranks.WorldSize), rank =>
        {
            var row = table.AsSpan(rank * length, length);
            var bytes = new byte[hash.Length];
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)row[1 + i];
            return new ShardFile((long)row[0], Convert.ToHexStringLower(bytes));
        });
    }

    private void Publish(string path, IReadOnlyDictionary<string, ShardFile> files,
        Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> describe)
    {
        string temporary = DurableFolder.TemporaryOf(path);
        var places = files.Keys
            .SelectMany(file => SafetensorsHeader.Read(Path.Combine(temporary, file)).Tensors.Select(tensor => (TensorPiece.Parse(tensor.Key), File: file, tensor.Value)))
            .GroupBy(t => t.Item1.Name)
            .ToDictionary(t => t.Key, t => (IReadOnlyList<TensorPlace>)[.. t.Select(p => new TensorPlace(p.File, p.Value.Offset, p.Value.Info.ByteLength, p.Item1.First)).OrderBy(p => p.First)]);
        DurableFolder.WriteFile(Path.Combine(temporary, CheckpointManifest.FileName), JsonSerializer.SerializeToUtf8Bytes(describe(files, places), CheckpointManifest.Json));
        DurableFolder.WriteFile(Path.Combine(temporary, CompleteFile), []);
        DurableFolder.End(path);
        foreach (string old in Complete().Skip(keepLast)) Directory.Delete(old, recursive: true);
    }

    private void Together(ICollectives ranks, string path, Action action)
    {
        string? problem = null;
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelFormatException)
        {
            problem = $"{(ranks.Rank > 0 ? $"rank {ranks.Rank}: " : "")}{e.Message.TrimEnd('.')}; {FreeText()}";
        }
        if (ranks.FirstFailure(problem) is { } failure)
            throw new CheckpointException(path, $"the checkpoint was not saved ({failure})", "room in a folder that every rank may write", "free space, or move the run to another disk; older checkpoints are untouched");
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
