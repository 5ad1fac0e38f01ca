namespace SparkTrain.Dashboard;

/// <summary>A whole request cannot be taken.</summary>
internal sealed class InvalidBatchException(string message, bool isTooLarge = false) : Exception(message)
{
    public bool IsTooLarge { get; } = isTooLarge;
}
