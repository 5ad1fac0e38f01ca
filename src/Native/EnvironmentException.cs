using SparkTrain.Input;

namespace SparkTrain.Native;

/// <summary>Reports that the machine lacks something SparkTrain needs: a native library, memory, a device, in the form where · found · expected · do.</summary>
/// <inheritdoc/>
public sealed class EnvironmentException(string where, string found, string expected, string @do, Exception? inner = null) : UserException(where, found, expected, @do, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => ExitCodes.Environment;
}
