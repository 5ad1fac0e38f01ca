namespace SparkTrain.MpiProgram;

/// <summary>A result that is not what it must be.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);
