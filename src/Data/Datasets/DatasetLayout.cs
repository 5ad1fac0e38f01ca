namespace SparkTrain.Data;

/// <summary>Names inside a data set's folder.</summary>
internal static class DatasetLayout
{
    public const string TokenizerFolder = "tokenizer";
    public const string TrainSplit = "train";
    public const string ValidationSplit = "validation";
}
