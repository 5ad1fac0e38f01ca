namespace SparkTrain.Configuration;

/// <summary>One thing that is wrong in a configuration.</summary>
/// <param name="Where">The place to look at: file, line and column, or the override that brought it.</param>
/// <param name="Key">The dotted key path; empty for the file as a whole.</param>
/// <param name="Message">What was found and what was expected, as a sentence that follows the key.</param>
/// <param name="Help">What to do or to know beside that, or null.</param>
public sealed record ConfigurationProblem(ValueOrigin Where, string Key, string Message, string? Help = null)
{
    /// <summary>The source line under which a caret marks the column; only where looking at it helps, otherwise null.</summary>
    public string? SourceLine { get; init; }
}
