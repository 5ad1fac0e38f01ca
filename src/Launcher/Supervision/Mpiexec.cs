using System.ComponentModel;
using System.Diagnostics;
using SparkTrain.Distributed.Mpi;
using SparkTrain.Input;
using SparkTrain.Launcher.Doctor;
using SparkTrain.Native;

namespace SparkTrain.Launcher.Supervision;

/// <summary>The program that starts ranks.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Flavour">Whose it is.</param>
/// <param name="Version">What it says about itself, one line.</param>
internal sealed record Mpiexec(string Path, MpiFlavour Flavour, string Version)
{
    private static readonly TimeSpan TimeToAnswer = TimeSpan.FromSeconds(20);

    /// <summary>Finds the program and asks it whose it is.</summary>
    /// <param name="given">A path, or null for the one on the PATH.</param>
    /// <exception cref="EnvironmentException">There is none, or it is neither Open MPI's nor MPICH's.</exception>
    public static Mpiexec Find(string? given)
    {
        string path = given ?? SharedLibraries.OnPath("mpiexec")
            ?? throw new EnvironmentException("PATH", "no mpiexec is on it", "the program of Open MPI or MPICH that starts ranks",
                "install one: apt-get install openmpi-bin, or dnf install openmpi and module load mpi; one elsewhere: --mpiexec PATH; one process needs none: leave --ranks out");
        string said = Ask(path);
        MpiFlavour? flavour = FlavourOf(said);
        return flavour is { } known
            ? new(path, known, said.Split('\n').First(line => line.Trim().Length > 0).Trim())
            : throw new EnvironmentException(path, $"it answers --version with '{said.Trim().Split('\n')[0].Trim()}'", "Open MPI's mpiexec, or that of MPICH (hydra)", "name another one with --mpiexec PATH");
    }

    /// <summary>Tells the families apart by what their programs say about themselves; null for others.</summary>
    internal static MpiFlavour? FlavourOf(string said) =>
        said.Contains("OpenRTE", StringComparison.Ordinal) || said.Contains("Open MPI", StringComparison.Ordinal) || said.Contains("PRRTE", StringComparison.Ordinal) ? MpiFlavour.OpenMpi
        : said.Contains("HYDRA", StringComparison.OrdinalIgnoreCase) || said.Contains("Intel(R) MPI", StringComparison.Ordinal) ? MpiFlavour.Mpich
        : null;

    private static string Ask(string path)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (said.Wait(TimeToAnswer) && process.WaitForExit(TimeToAnswer)) return string.Concat(said.Result);
            process.Kill(entireProcessTree: true);
            throw new EnvironmentException(path, $"--version was not answered within {TimeToAnswer.TotalSeconds} s", "a line that says whose it is", "name another one with --mpiexec PATH");
        }
        catch (Win32Exception e)
        {
            throw new EnvironmentException(path, $"it cannot be started ({e.Reason()})", "the program that starts ranks", "correct the path after --mpiexec", e);
        }
    }
}
