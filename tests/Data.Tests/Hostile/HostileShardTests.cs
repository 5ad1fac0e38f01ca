using Parquet;
using Parquet.Schema;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

/// <summary>Whatever is wrong with a shard, reading it ends in a <see cref="DataException"/> that names it.</summary>
public sealed class HostileShardTests
{
    private static readonly int[] Written = [.. Enumerable.Range(0, 5000).Select(i => i * 7919 % 258)];

    [Fact]
    public void A_shard_cut_off_anywhere_is_refused()
    {
        using var folder = new TemporaryFolder();
        var (shard, bytes) = Write(folder);
        for (var length = 0; length < bytes.Length; length += 1 + (bytes.Length / 97))
        {
            var cut = bytes[..length];
            File.WriteAllBytes(folder[shard.File], cut);
            Assert.Contains($"{length} bytes", Assert.Throws<DataException>(() => Read(folder, shard)).Message, StringComparison.Ordinal);
            // The same where the manifest was cut as well.
            Assert.Throws<DataException>(() => Read(folder, shard with { FileBytes = length }));
        }
    }

    [Fact]
    public void A_changed_byte_anywhere_is_refused()
    {
        using var folder = new TemporaryFolder();
        var (shard, bytes) = Write(folder);
        for (var at = 0; at < bytes.Length; at += at < 64 || at > bytes.Length - 512 ? 1 : 41)
        {
            foreach (var mask in new byte[] { 0x01, 0x80, 0xFF })
            {
                var damaged = (byte[])bytes.Clone();
                damaged[at] ^= mask;
                File.WriteAllBytes(folder[shard.File], damaged);
                var error = Assert.Throws<DataException>(() => Read(folder, shard));
                Assert.Contains(shard.File, error.Where, StringComparison.Ordinal);
                Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
            }
        }
    }

    // "123456789" has the check value E3069283 in every list of CRCs (RFC 3720, appendix B.4 is the same polynomial).
    [Fact]
    public void The_checksum_is_crc_32c() => Assert.Equal(0xE3069283, CheckedFile.Checksum("123456789"u8));

    [Fact]
    public void A_shard_of_other_bytes_is_refused()
    {
        using var folder = new TemporaryFolder();
        var (shard, bytes) = Write(folder);
        new Random(3).NextBytes(bytes);
        File.WriteAllBytes(folder[shard.File], bytes);
        Assert.Throws<DataException>(() => Read(folder, shard));
        File.Delete(folder[shard.File]);
        Assert.Contains("no such file", Assert.Throws<DataException>(() => Read(folder, shard)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(258)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void An_id_outside_the_vocabulary_is_refused_with_its_place(int id)
    {
        using var folder = new TemporaryFolder();
        using var writer = new ShardWriter(folder.Path, "train", 1 << 20);
        writer.Append([1, 2, id, 3], 0);
        var error = Assert.Throws<DataException>(() => Read(folder, writer.Finish().Shards[0]));
        Assert.Contains($"token 2 is {id}", error.Message, StringComparison.Ordinal);
        Assert.Contains("row group 0", error.Where, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_columns_and_other_row_groups_are_refused()
    {
        using var folder = new TemporaryFolder();
        var name = folder["train-00000.parquet"];
        foreach (var (column, type, groups) in new[] { ("tokens", typeof(long), 1), ("words", typeof(int), 1), ("tokens", typeof(int), 2) })
        {
            var field = new DataField(column, type, false, false);
            await using (var stream = File.Create(name))
            await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(field), stream))
            {
                for (var group = 0; group < groups; group++)
                {
                    using var rows = writer.CreateRowGroup();
                    if (type == typeof(long)) await rows.WriteAsync<long>(field, new long[6]);
                    else await rows.WriteAsync<int>(field, new int[6 / groups]);
                }
            }
            var bytes = await File.ReadAllBytesAsync(name);
            var checksum = BitConverter.GetBytes(CheckedFile.Checksum(bytes));
            Assert.Throws<DataException>(() =>
                Read(folder, new ShardManifest(Path.GetFileName(name), 6, 1, 6, bytes.Length, "", checksum)));
        }
    }

    private static (ShardManifest Shard, byte[] Bytes) Write(TemporaryFolder folder)
    {
        using var writer = new ShardWriter(folder.Path, "train", 1 << 20);
        writer.Append(Written, 0);
        var shard = writer.Finish().Shards[0];
        return (shard, File.ReadAllBytes(folder[shard.File]));
    }

    private static int[] Read(TemporaryFolder folder, ShardManifest shard)
    {
        using var cache = new ShardCache(folder.Path, 258, 1 << 20);
        var tokens = new int[shard.Tokens];
        cache.Read(shard, 0, tokens);
        return tokens;
    }
}
