using SparkTrain.Input;

namespace SparkTrain.Configuration;

/// <summary>Thrown when a configuration cannot be used; carries every problem that was found, and a message that shows them all.</summary>
public sealed class ConfigurationException : UserException
{
    /// <summary>Reports all problems of one configuration file and its overrides.</summary>
    public ConfigurationException(string file, IEnumerable<ConfigurationProblem> problems)
        : this(file, ProblemReport.Sort(problems))
    {
    }

    /// <summary>Reports a problem that lies outside any file.</summary>
    /// <inheritdoc/>
    public ConfigurationException(string where, string found, string expected, string @do, Exception? inner = null)
        : base(where, found, expected, @do, inner) => Problems = [];

    /// <summary>Reports a problem that lies outside any file in one sentence.</summary>
    public ConfigurationException(string message)
        : base(message) => Problems = [];

    private ConfigurationException(string file, IReadOnlyList<ConfigurationProblem> sorted)
        : base(ProblemReport.Render(file, sorted)) => Problems = sorted;

    /// <summary>The problems in the order of the file, then those of the environment, then those of <c>--set</c>.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; }

    /// <inheritdoc/>
    public override int ExitCode => ExitCodes.Configuration;
}
