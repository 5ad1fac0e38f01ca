using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>Reports that a guard stopped the run, for example on a loss that is not a number, in the form where · found · expected · do.</summary>
/// <inheritdoc/>
public sealed class GuardException(string where, string found, string expected, string @do, Exception? inner = null) : UserException(where, found, expected, @do, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => ExitCodes.Guard;
}
