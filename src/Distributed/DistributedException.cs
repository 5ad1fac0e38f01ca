using SparkTrain.Input;

namespace SparkTrain.Distributed;

/// <summary>Reports ranks that cannot start or go on together, in the form where · found · expected · do.</summary>
/// <inheritdoc/>
public class DistributedException(string where, string found, string expected, string @do, Exception? inner = null) : UserException(where, found, expected, @do, inner)
{
    /// <inheritdoc/>
    public sealed override int ExitCode => ExitCodes.Environment;
}
