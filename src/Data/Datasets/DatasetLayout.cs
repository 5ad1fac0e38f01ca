namespace SparkTrain.Data;

/// <summary>Names inside a data set's folder.</summary>
internal static class DatasetLayout
{
    public const string TokenizerFolder = "tokenizer";
    public const string TrainSplit = "train";
    public const string ValidationSplit = "validation";

    /// <summary>Where the lengths of the documents of each shard lie, under the shard's name: out of the way of who reads all Parquet files of the folder.</summary>
    public const string LengthsFolder = "lengths";

    public static string LengthsOf(string shard) => $"{LengthsFolder}/{shard}";
}
