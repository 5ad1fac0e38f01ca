using System.IO.Compression;
using Parquet;
using Parquet.Schema;

namespace SparkTrain.Data;

/// <summary>The Parquet layout of token shards: one required int32 column, delta packed, uncompressed.</summary>
internal static class ShardFormat
{
    /// <summary>Tokens in every row group but a shard's last.</summary>
    public const int RowGroupTokens = 131_072;

    public const string ColumnName = "tokens";

    public static readonly DataField Column = new(ColumnName, typeof(int), false, false);

    // The library's default compression level is the slowest one; it must be set even where nothing is compressed.
    public static ParquetOptions WriteOptions => new()
    {
        CompressionMethod = CompressionMethod.None,
        CompressionLevel = CompressionLevel.Optimal,
        ColumnEncodingHints = { [ColumnName] = EncodingHint.DeltaBinaryPacked },
    };
}
