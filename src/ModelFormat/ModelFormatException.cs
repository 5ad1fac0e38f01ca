using SparkTrain.Input;

namespace SparkTrain.ModelFormat;

/// <summary>Reports a model folder or weight file that cannot be used, in the form where · found · expected · do.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    public ModelFormatException(string where, string found, string expected, string @do, Exception? inner = null)
        : base(ErrorText.Of(where, found, expected, @do), inner) { }
}
