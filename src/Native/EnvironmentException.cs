namespace SparkTrain.Native;

/// <summary>Reports that the machine lacks something SparkTrain needs: a native library, memory, a device, in the form where · found · expected · do.</summary>
public sealed class EnvironmentException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    public EnvironmentException(string where, string found, string expected, string @do, Exception? inner = null)
        : base($"{where}: {found}.\n  expected: {expected}\n  do: {@do}", inner) { }
}
