using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using SparkTrain.Parquet;

namespace SparkTrain.Data;

/// <summary>The Parquet layout of a data set's files: one required int32 column, delta packed, uncompressed.</summary>
internal static class ColumnFormat
{
    /// <summary>Values in every row group but a file's last.</summary>
    public const int RowGroupValues = 131_072;

    /// <summary>The column of a shard: the documents' tokens, one after another.</summary>
    public const string Tokens = "tokens";

    /// <summary>The column beside a shard: how many tokens each of its documents has.</summary>
    public const string Lengths = "lengths";

    public static DataField Field(string column) => new(column, typeof(int), false, false);

    // The library's default compression level is the slowest one; it must be set even where nothing is compressed.
    public static ParquetOptions WriteOptions(string column) => new()
    {
        CompressionMethod = CompressionMethod.None,
        CompressionLevel = CompressionLevel.Optimal,
        ColumnEncodingHints = { [column] = EncodingHint.DeltaBinaryPacked },
    };
}
