using System.Security.Cryptography;
using SparkTrain.Support;

namespace SparkTrain.Checkpoints.Tests;

public sealed class FileVerificationTests : IDisposable
{
    // Files are read in parts of this size.
    private const int Chunk = 1 << 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(4 * Chunk + 7)]
    public void A_file_of_any_length_is_as_written_until_one_bit_changes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        var written = new ShardFile(length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        File.WriteAllBytes(folder["file"], bytes);
        CheckpointVerification.Verify(folder["file"], written);
        CheckpointVerification.ReadBack(folder["file"], written);
        foreach (int at in new[] { 0, Chunk - 1, Chunk, 3 * Chunk, length - 1 }.Where(at => at >= 0 && at < length))
        {
            bytes[at] ^= 8;
            File.WriteAllBytes(folder["file"], bytes);
            Assert.Contains("other bytes than were written", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(folder["file"], written)).Message, StringComparison.Ordinal);
            bytes[at] ^= 8;
        }
    }
}
