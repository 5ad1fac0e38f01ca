using SparkTrain.Input;

namespace SparkTrain.Dashboard;

/// <summary>A whole request cannot be taken.</summary>
internal sealed class InvalidBatchException(string message, bool isTooLarge = false) : Exception(ErrorText.Short(message))
{
    public bool IsTooLarge { get; } = isTooLarge;
}
