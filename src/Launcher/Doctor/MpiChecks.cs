using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using SparkTrain.Distributed;
using SparkTrain.Distributed.Mpi;
using SparkTrain.Input;
using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Doctor;

/// <summary>Looks for what training on several ranks uses: MPI libraries, their launcher, and memory that processes share. Joins no job.</summary>
internal static partial class MpiChecks
{
    private const string SharedMemoryFolder = "/dev/shm";
    private const long GiB = 1L << 30;
    private const string Install = "apt-get install openmpi-bin, or load the cluster's MPI module";

    private static readonly TimeSpan PatienceWithMpiexec = TimeSpan.FromSeconds(10);

    public static Finding Mpi() => Mpi([.. MpiLibrarySearch.All().Select(library => (library.Flavour, library.Version))], SharedLibraries.OnPath("mpiexec") is { } path ? (path, Output(path, "--version")) : null);

    /// <summary>Compares libraries with the launcher.</summary>
    /// <param name="libraries">Those that load.</param>
    /// <param name="mpiexec">The launcher's path and what it says of its version, or null.</param>
    internal static Finding Mpi(IReadOnlyList<(MpiFlavour Flavour, string Version)> libraries, (string Path, string Version)? mpiexec)
    {
        if (libraries.Count == 0 && mpiexec is null) return new(Verdict.Ok, "MPI", $"not found; one process needs none. For several ranks: {Install}");
        string found = libraries.Count == 0 ? "no library" : string.Join("; ", libraries.Select(library => library.Version));
        if (mpiexec is not { } launcher) return new(Verdict.Warn, "MPI", $"{found}; no mpiexec on the PATH", $"for several ranks: {Install}");
        found += $"; {launcher.Path}";
        return Mpiexec.FlavourOf(launcher.Version) switch
        {
            null => new(Verdict.Warn, "MPI", $"{found}, whose MPI is not known", "see that it belongs to the library; where it does not, training refuses to start and says so"),
            { } flavour when libraries.All(library => library.Flavour != flavour) => new(Verdict.Warn, "MPI", $"{found} is {NameOf(flavour)}'s, which the library does not belong to", $"use the mpiexec of the library's installation, or install {NameOf(flavour)}'s library"),
            { } flavour => new(Verdict.Ok, "MPI", $"{found} of {NameOf(flavour)}{(Number().Match(launcher.Version) is { Success: true } number ? " " + number.Value : "")}"),
        };
    }

    public static Finding SharedMemory()
    {
        try
        {
            var drive = new DriveInfo(SharedMemoryFolder);
            return SharedMemory(drive.AvailableFreeSpace, drive.TotalSize);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            return SharedMemory(0, 0);
        }
    }

    internal static Finding SharedMemory(long free, long size)
    {
        string found = $"{Size.Text(free)} free of {Size.Text(size)} in {SharedMemoryFolder}";
        return free >= GiB
            ? new(Verdict.Ok, "shared memory", found)
            : new(Verdict.Warn, "shared memory", found, "ranks of one host reduce gradients there, and do so slower by messages where it is too small: in a container give --shm-size or a memory volume");
    }

    private static string NameOf(MpiFlavour flavour) => flavour == MpiFlavour.OpenMpi ? "Open MPI" : "MPICH";

    private static string Output(string program, string argument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            var text = process.StandardOutput.ReadToEndAsync();
            if (text.Wait(PatienceWithMpiexec)) return text.Result;
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            // A launcher that does not run is one whose MPI is not known.
        }
        return "";
    }

    [GeneratedRegex(@"\d+\.\d+(\.\d+)?")]
    private static partial Regex Number();
}
