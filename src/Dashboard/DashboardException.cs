namespace SparkTrain.Dashboard;

/// <summary>Something that a user can put right, told in four parts.</summary>
/// <param name="where">The option, file or field.</param>
/// <param name="found">What is there.</param>
/// <param name="expected">What may be there.</param>
/// <param name="remedy">What to do.</param>
public sealed class DashboardException(string where, string found, string expected, string remedy)
    : Exception($"{where}\n       Found: {found}\n       Expected: {expected}\n       Do: {remedy}")
{
    /// <summary>The option, file or field.</summary>
    public string Where { get; } = where;

    /// <summary>What is there.</summary>
    public string Found { get; } = found;

    /// <summary>What may be there.</summary>
    public string Expected { get; } = expected;

    /// <summary>What to do.</summary>
    public string Remedy { get; } = remedy;
}
