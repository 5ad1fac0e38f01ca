using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using SparkTrain.Input;

namespace SparkTrain.Checkpoints;

/// <summary>Checks that a checkpoint is still what was written.</summary>
public static class CheckpointVerification
{
    /// <summary>Reads the manifest of a checkpoint, checks it against <c>COMPLETE</c>, and the files against the manifest.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="rank">This one of the ranks that share the work.</param>
    /// <param name="worldSize">How many they are; each checks every worldSize-th file.</param>
    /// <exception cref="CheckpointException">The manifest is not valid, a file is missing or its bytes changed.</exception>
    public static CheckpointManifest Verify(string checkpoint, int rank = 0, int worldSize = 1)
    {
        var manifest = ReadManifest(checkpoint);
        foreach (var (index, (path, expected)) in Files(checkpoint, manifest).Index())
            if (index % worldSize == rank) Verify(path, expected);
        return manifest;
    }

    /// <summary>Lists all that is wrong with a checkpoint; nothing where it is good.</summary>
    public static IReadOnlyList<CheckpointException> Problems(string checkpoint)
    {
        CheckpointManifest? manifest = null;
        if (Problem(() => manifest = ReadManifest(checkpoint)) is { } problem) return [problem];
        return [.. Files(checkpoint, manifest!).Select(file => Problem(() => Verify(file.Path, file.Expected))).OfType<CheckpointException>()];
    }

    /// <summary>Checks a file against its length and hash.</summary>
    /// <exception cref="CheckpointException">The file is missing or its bytes changed.</exception>
    public static void Verify(string path, ShardFile expected)
    {
        if (!File.Exists(path)) throw Damaged(path, "is missing");
        try
        {
            RegularFile.Require(path);
            using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            long bytes = RandomAccess.GetLength(file);
            if (bytes != expected.Bytes) throw Damaged(path, $"has {bytes} bytes instead of {expected.Bytes}");
            if (Convert.ToHexStringLower(Sha256(file)) != expected.Sha256) throw Damaged(path, "has other bytes than were written");
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw Damaged(path, $"cannot be read ({e.Reason()})", e);
        }
    }

    /// <summary>Checks a file that was just written and flushed, as the disk has it: what the system still holds of it in memory is dropped before.</summary>
    /// <exception cref="CheckpointException">Its bytes are not those that were written.</exception>
    public static void ReadBack(string path, ShardFile written)
    {
        DurableFolder.DropFromCache(path);
        Verify(path, written);
    }

    private static CheckpointManifest ReadManifest(string checkpoint)
    {
        byte[] bytes = CheckpointManifest.ReadBytes(checkpoint);
        var manifest = CheckpointManifest.Parse(Path.Combine(checkpoint, CheckpointManifest.FileName), bytes);
        CompleteMark.Check(checkpoint, bytes, manifest.FormatVersion);
        return manifest;
    }

    private static IEnumerable<(string Path, ShardFile Expected)> Files(string checkpoint, CheckpointManifest manifest) =>
        manifest.Files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => (Path.Combine(checkpoint, file.Key), file.Value));

    private static CheckpointException? Problem(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (CheckpointException e)
        {
            return e;
        }
    }

    // The system reads ahead by itself. Parts that stay in the cache for the hash cost less than a thread to hash them, or than the 4 KiB at a time of SHA256.HashData.
    private static byte[] Sha256(SafeFileHandle file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] part = new byte[1 << 20];
        int count;
        for (long at = 0; (count = RandomAccess.Read(file, part, at)) > 0; at += count) hash.AppendData(part, 0, count);
        return hash.GetHashAndReset();
    }

    private static CheckpointException Damaged(string path, string what, Exception? inner = null) =>
        new(path, $"the file {what}", "the file as it was saved", "delete this checkpoint folder; the run resumes from the one before", inner);
}
