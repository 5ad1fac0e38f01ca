using SparkTrain.Input;

namespace SparkTrain.ModelFormat;

/// <summary>Reports a model folder or weight file that cannot be used, in the form where · found · expected · do.</summary>
/// <inheritdoc/>
public sealed class ModelFormatException(string where, string found, string expected, string @do, Exception? inner = null) : UserException(where, found, expected, @do, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => ExitCodes.Model;
}
