namespace SparkTrain.Trainer;

/// <summary>Reports a checkpoint that cannot be written, read or resumed. The message says where, found, expected, do.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the exception with a message that a user can act on.</summary>
    public CheckpointException(string message) : base(message) { }

    /// <summary>Creates the exception with a message that a user can act on and the failure behind it.</summary>
    public CheckpointException(string message, Exception inner) : base(message, inner) { }
}
