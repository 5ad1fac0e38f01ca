namespace SparkTrain.Trainer;

/// <summary>Reports that a guard stopped the run, for example on a loss that is not a number.</summary>
public sealed class GuardException : Exception
{
    /// <summary>Creates the exception with a message that a user can act on.</summary>
    public GuardException(string message) : base(message) { }
}
