namespace SparkTrain.Input;

/// <summary>Reports text, shards or a tokenizer that cannot be used, in the form where · found · expected · do.</summary>
/// <inheritdoc/>
public sealed class DataException(string where, string found, string expected, string @do, Exception? inner = null) : UserException(where, found, expected, @do, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => ExitCodes.Data;
}
