namespace SparkTrain.Serving;

/// <summary>Why a job was not begun, or not brought to its end.</summary>
public enum GenerationFailure
{
    /// <summary>As many prompts wait as may.</summary>
    QueueFull,

    /// <summary>The server is stopping.</summary>
    Stopping,

    /// <summary>Whoever reads the pieces took none for too long.</summary>
    SlowReader,

    /// <summary>The model computed numbers that are not finite.</summary>
    BrokenModel,

    /// <summary>There was no memory for keys and values.</summary>
    Memory,

    /// <summary>The decoder failed in a way that nobody foresaw.</summary>
    Internal,
}

/// <summary>Says that a job was not begun, or not brought to its end.</summary>
public sealed class GenerationException(GenerationFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public GenerationFailure Failure { get; } = failure;
}
