namespace SparkTrain.Distributed;

/// <summary>Reports ranks that cannot start or go on together, in the form where · found · expected · do.</summary>
public class DistributedException : Exception
{
    /// <summary>Composes the message from its four parts.</summary>
    public DistributedException(string where, string found, string expected, string @do, Exception? inner = null)
        : base($"{where}: {found}.\n  expected: {expected}\n  do: {@do}", inner) { }
}
