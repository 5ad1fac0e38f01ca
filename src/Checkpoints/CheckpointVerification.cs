using System.Security.Cryptography;

namespace SparkTrain.Checkpoints;

/// <summary>Checks that a checkpoint is still what was written.</summary>
public static class CheckpointVerification
{
    /// <summary>Reads the manifest of a checkpoint and checks its files against their hashes.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="rank">This one of the ranks that share the work.</param>
    /// <param name="worldSize">How many they are; each checks every worldSize-th file.</param>
    /// <exception cref="CheckpointException">The manifest is not valid, a file is missing or its bytes changed.</exception>
    public static CheckpointManifest Verify(string checkpoint, int rank = 0, int worldSize = 1)
    {
        var manifest = CheckpointManifest.Read(checkpoint);
        foreach (var (index, (name, expected)) in manifest.Files.OrderBy(file => file.Key, StringComparer.Ordinal).Index())
            if (index % worldSize == rank) Verify(Path.Combine(checkpoint, name), expected);
        return manifest;
    }

    /// <summary>Checks a file against its length and hash.</summary>
    /// <exception cref="CheckpointException">The file is missing or its bytes changed.</exception>
    public static void Verify(string path, ShardFile expected)
    {
        if (!File.Exists(path)) throw Damaged(path, "is missing");
        long bytes = new FileInfo(path).Length;
        if (bytes != expected.Bytes) throw Damaged(path, $"has {bytes} bytes instead of {expected.Bytes}");
        if (Convert.ToHexStringLower(Sha256(path)) != expected.Sha256) throw Damaged(path, "has other bytes than were written");
    }

    /// <summary>Checks a file that was just written and flushed, as the disk has it: what the system still holds of it in memory is dropped before.</summary>
    /// <exception cref="CheckpointException">Its bytes are not those that were written.</exception>
    public static void ReadBack(string path, ShardFile written)
    {
        DurableFolder.DropFromCache(path);
        Verify(path, written);
    }

    // The system reads ahead by itself. Parts that stay in the cache for the hash cost less than a thread to hash them, or than the 4 KiB at a time of SHA256.HashData.
    private static byte[] Sha256(string path)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] part = new byte[1 << 20];
        int count;
        for (long at = 0; (count = RandomAccess.Read(file, part, at)) > 0; at += count) hash.AppendData(part, 0, count);
        return hash.GetHashAndReset();
    }

    private static CheckpointException Damaged(string path, string what) =>
        new(path, $"the file {what}", "the file as it was saved", "delete this checkpoint folder; the run resumes from the one before");
}
