using System.Security.Cryptography;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Compares whole files with their SHA-256.</summary>
internal static class FileHash
{
    /// <summary>Returns what is wrong with a file; null where nothing is, or where there is no file, which whoever reads it will tell.</summary>
    public static DataProblem? Compare(string folder, ColumnManifest file, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, file.File);
        if (!File.Exists(path)) return null;
        try
        {
            RegularFile.Require(path);
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var block = new byte[1 << 20];
            for (int count; (count = stream.Read(block)) > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                sha256.AppendData(block, 0, count);
            }
            var hash = Convert.ToHexStringLower(sha256.GetHashAndReset());
            return hash == file.Sha256 ? null : DataProblem.Damage(path, $"its SHA-256 is {Short(hash)}, not {Short(file.Sha256)} as it was written");
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            return DataProblem.Damage(path, $"it cannot be read ({e.Reason()})");
        }
    }

    private static string Short(string hash) => hash.Length <= 12 ? hash : hash[..12] + "…";
}
