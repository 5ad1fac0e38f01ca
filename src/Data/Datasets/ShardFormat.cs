using System.Globalization;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;
using Parquet;
using Parquet.Schema;

namespace SparkTrain.Data;

/// <summary>The Parquet layout of token shards: one required int32 column, delta packed, uncompressed, and a checksum for each row group.</summary>
internal static class ShardFormat
{
    /// <summary>Tokens in every row group but a shard's last.</summary>
    public const int RowGroupTokens = 131_072;

    /// <summary>Key of the column metadata that holds the CRC-32C of a row group's tokens as little-endian int32.</summary>
    public const string ChecksumKey = "sparktrain.crc32c";

    public const string ColumnName = "tokens";

    public static readonly DataField Column = new(ColumnName, typeof(int), false, false);

    // The library's default compression level is the slowest one; it must be set even where nothing is compressed.
    public static ParquetOptions WriteOptions => new()
    {
        CompressionMethod = CompressionMethod.None,
        CompressionLevel = CompressionLevel.Optimal,
        ColumnEncodingHints = { [ColumnName] = EncodingHint.DeltaBinaryPacked },
    };

    public static string Checksum(ReadOnlySpan<int> tokens)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<int, ulong>(tokens);
        foreach (var word in words) crc = BitOperations.Crc32C(crc, word);
        if (tokens.Length % 2 != 0) crc = BitOperations.Crc32C(crc, (uint)tokens[^1]);
        return (~crc).ToString("x8", CultureInfo.InvariantCulture);
    }
}
