namespace SparkTrain.ModelFormat;

/// <summary>Reports a model folder or weight file that cannot be used. The message says where, found, expected, do.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Creates the exception with a message that a user can act on.</summary>
    public ModelFormatException(string message) : base(message) { }

    /// <summary>Creates the exception with a message that a user can act on and the failure behind it.</summary>
    public ModelFormatException(string message, Exception inner) : base(message, inner) { }
}
