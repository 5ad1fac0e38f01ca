using SparkTrain.Input;

namespace SparkTrain.Input;

/// <summary>Reports text, shards or a tokenizer that cannot be used, in the form where · found · expected · do.</summary>
public sealed class DataException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    public DataException(string where, string found, string expected, string @do, Exception? inner = null)
        : base(ErrorText.Of(where, found, expected, @do), inner) => (Where, Found, Do) = (where, found, @do);

    /// <summary>The file, key or source that is at fault.</summary>
    public string Where { get; }

    /// <summary>What was found there.</summary>
    public string Found { get; }

    /// <summary>What to do about it.</summary>
    public string Do { get; }
}
