namespace SparkTrain.Launcher.Verification;

/// <summary>Reports that a run failed which another process was to make; carries that process's words and exit code.</summary>
internal sealed class ChildFailedException(int exitCode, string message) : Exception(message)
{
    /// <summary>The exit code of the process.</summary>
    public int ExitCode { get; } = exitCode;
}
