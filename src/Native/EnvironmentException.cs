namespace SparkTrain.Native;

/// <summary>Reports that the machine lacks something SparkTrain needs: a native library, memory, a device. The message says where, found, expected, do.</summary>
public sealed class EnvironmentException : Exception
{
    /// <summary>Creates the exception with a message that a user can act on.</summary>
    public EnvironmentException(string message) : base(message) { }

    /// <summary>Creates the exception with a message that a user can act on and the failure behind it.</summary>
    public EnvironmentException(string message, Exception inner) : base(message, inner) { }
}
