using System.Security.Cryptography;
using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Checkpoints;

/// <summary>The file <c>COMPLETE</c>, which is written last: it holds the hash of the manifest, as the manifest holds those of the shards, in the form that <c>sha256sum --check</c> reads.</summary>
internal static class CompleteMark
{
    /// <summary>The file's name.</summary>
    public const string FileName = "COMPLETE";

    private const int FirstFormatWithHash = 3, MaxBytes = 4096;

    /// <summary>The bytes of the mark for a manifest.</summary>
    public static byte[] Of(byte[] manifest) => Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(SHA256.HashData(manifest))}  {CheckpointManifest.FileName}\n");

    /// <summary>Checks that the mark of a checkpoint is there and belongs to its manifest.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="manifest">The bytes of its manifest.</param>
    /// <param name="format">The format that they claim.</param>
    /// <exception cref="CheckpointException">There is no mark, or it belongs to other bytes.</exception>
    public static void Check(string checkpoint, byte[] manifest, int format)
    {
        string path = Path.Combine(checkpoint, FileName);
        byte[] found = Read(path);
        if (found.Length == 0 && format < FirstFormatWithHash || found.AsSpan().SequenceEqual(Of(manifest))) return;
        throw Bad(path, $"it does not hold the hash of {CheckpointManifest.FileName}: one of the two has other bytes than were written");
    }

    private static byte[] Read(string path)
    {
        try
        {
            return RegularFile.ReadAllBytes(path, MaxBytes);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw Bad(path, File.Exists(path) ? $"it cannot be read ({e.Reason()})" : "the file is missing: the checkpoint was not written to its end", e);
        }
    }

    private static CheckpointException Bad(string path, string found, Exception? inner = null) =>
        new(path, found, "the mark that is written last", "delete this checkpoint folder; the run resumes from the one before", inner);
}
