using SparkTrain.Input;

namespace SparkTrain.Checkpoints;

/// <summary>Reports a checkpoint or run folder that cannot be written, read or resumed, in the form where · found · expected · do.</summary>
/// <inheritdoc/>
public class CheckpointException(string where, string found, string expected, string @do, Exception? inner = null) : UserException(where, found, expected, @do, inner)
{
    /// <inheritdoc/>
    public sealed override int ExitCode => ExitCodes.Model;
}
