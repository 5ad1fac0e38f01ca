namespace SparkTrain.Distributed.Tests.Mpi;

/// <summary>How a program ended that ran under mpiexec.</summary>
/// <param name="ExitCode">mpiexec's exit code.</param>
/// <param name="Output">What mpiexec and the ranks wrote.</param>
internal sealed record MpiResult(int ExitCode, string Output)
{
    /// <summary>How often a text occurs in the output.</summary>
    public int Count(string text) => Output.Split(text).Length - 1;
}
