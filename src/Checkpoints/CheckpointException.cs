using SparkTrain.Input;

namespace SparkTrain.Checkpoints;

/// <summary>Reports a checkpoint or run folder that cannot be written, read or resumed, in the form where · found · expected · do.</summary>
public class CheckpointException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    public CheckpointException(string where, string found, string expected, string @do, Exception? inner = null)
        : base(ErrorText.Of(where, found, expected, @do), inner) => (Where, Found) = (where, found);

    /// <summary>The file or folder.</summary>
    public string Where { get; }

    /// <summary>What was found there, for lists that have no room for the rest.</summary>
    public string Found { get; }
}
