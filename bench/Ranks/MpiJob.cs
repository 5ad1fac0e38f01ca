using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>Starts this program again as the ranks of a job, and reads what rank 0 has measured: one line of JSON among its output.</summary>
internal static class MpiJob
{
    /// <summary>Runs <c>bench rank …</c> on so many ranks of this machine, bound to nothing, as the launcher starts them; a single rank needs no mpiexec.</summary>
    public static T Run<T>(int ranks, params string[] arguments)
    {
        string[] mpiexec = ranks == 1 ? [] :
            ["mpiexec", "-n", ranks.ToString(CultureInfo.InvariantCulture), "--map-by", "slot:OVERSUBSCRIBE", "--bind-to", "none", "--quiet", "--allow-run-as-root", "-x", "TERM=dumb"];
        return RunBy<T>(mpiexec, arguments);
    }

    /// <summary>The same behind any command that starts ranks.</summary>
    public static T RunBy<T>(IReadOnlyList<string> launcher, params string[] arguments)
    {
        string[] command = [.. launcher, "dotnet", typeof(MpiJob).Assembly.Location, "rank", .. arguments];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string? result = output.Split('\n', StringSplitOptions.TrimEntries).LastOrDefault(line => line.StartsWith('{'));
        return process.ExitCode == 0 && result is not null ? JsonSerializer.Deserialize<T>(result)!
            : throw new InvalidOperationException($"{string.Join(' ', command)}: exit code {process.ExitCode}\n{output}");
    }
}
