namespace SparkTrain.Trainer;

/// <summary>Reports that a guard stopped the run, for example on a loss that is not a number, in the form where · found · expected · do.</summary>
public sealed class GuardException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    public GuardException(string where, string found, string expected, string @do, Exception? inner = null)
        : base($"{where}: {found}.\n  expected: {expected}\n  do: {@do}", inner) { }
}
