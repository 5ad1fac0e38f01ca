using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Distributed;

/// <summary>Finds the MPI library that belongs to the launcher of this process.</summary>
public static class MpiLibrarySearch
{
    /// <summary>Environment variable with the path or the name of the library to use instead of those searched for.</summary>
    public const string Variable = "SPARKTRAIN_MPI";

    /// <summary>Loads the library.</summary>
    /// <exception cref="DistributedException">There is none, or only one that cannot talk to the launcher.</exception>
    internal static MpiLibrary Load(LauncherEnvironment launcher)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen) return LoadChosen(chosen);
        foreach (var flavour in FlavoursFor(launcher))
            if (MpiLibrary.FirstOf(flavour, NamesOf(flavour)) is { } library) return library;
        throw Missing(launcher);
    }

    /// <summary>Loads one library of each flavour that is there, or the one that the environment names, without joining a job.</summary>
    public static IReadOnlyList<MpiLibrary> All()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } chosen)
            return [.. Enum.GetValues<MpiFlavour>().Select(flavour => MpiLibrary.FirstOf(flavour, NamesOf(flavour))).OfType<MpiLibrary>()];
        try
        {
            return [LoadChosen(chosen)];
        }
        catch (DistributedException)
        {
            return [];
        }
    }

    /// <summary>Names the launcher in messages.</summary>
    internal static string NameOf(LauncherKind kind) => kind switch
    {
        LauncherKind.OpenMpi => "Open MPI's mpiexec",
        LauncherKind.Mpich => "MPICH's mpiexec",
        _ => "Slurm's srun",
    };

    /// <summary>Names the launcher of a library's flavour.</summary>
    public static string LauncherOf(MpiFlavour flavour) => flavour == MpiFlavour.OpenMpi ? "mpiexec.openmpi" : "mpiexec.hydra or mpiexec.mpich";

    private static MpiLibrary LoadChosen(string nameOrPath)
    {
        try
        {
            return MpiLibrary.Load(nameOrPath);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new DistributedException($"{Variable}={nameOrPath}", e is EntryPointNotFoundException ? $"no MPI-3 library: {Essence(e)}" : $"it cannot be loaded: {Essence(e)}",
                "the path or the name of an MPI library, such as libmpi.so.40 (Open MPI) or libmpich.so.12 (MPICH)", $"correct {Variable}, or unset it to have the library of the launcher searched for", e);
        }
    }

    // mpiexec speaks to its own library only. srun can speak to both, and shows by its variables to which it will.
    private static MpiFlavour[] FlavoursFor(LauncherEnvironment launcher) => launcher.Kind switch
    {
        LauncherKind.OpenMpi => [MpiFlavour.OpenMpi],
        LauncherKind.Mpich => [MpiFlavour.Mpich],
        _ => Environment.GetEnvironmentVariable("PMI_RANK") is null ? [MpiFlavour.OpenMpi, MpiFlavour.Mpich] : [MpiFlavour.Mpich, MpiFlavour.OpenMpi],
    };

    // Without a number at last: what a development package or an environment module provides.
    private static string[] NamesOf(MpiFlavour flavour) => flavour == MpiFlavour.OpenMpi ? ["libmpi.so.40", "libmpi.so"] : ["libmpich.so.12", "libmpi.so.12", "libmpi.so"];

    private static DistributedException Missing(LauncherEnvironment launcher)
    {
        string where = $"rank {launcher.Rank} of {launcher.WorldSize}, started by {NameOf(launcher.Kind)}";
        const string OpenMpi = "install Open MPI (Debian, Ubuntu: apt install openmpi-bin)", Mpich = "install MPICH (Debian, Ubuntu: apt install mpich)";
        string set = $"where the library has another name or place, put its path into {Variable}";
        if (launcher.Kind == LauncherKind.Slurm)
            return new(where, "no MPI library can be loaded", "libmpi.so.40 (Open MPI) or libmpich.so.12 (MPICH)", $"load the cluster's MPI module, or {OpenMpi} on every host; {set}");
        var (wanted, other) = launcher.Kind == LauncherKind.OpenMpi ? (MpiFlavour.OpenMpi, MpiFlavour.Mpich) : (MpiFlavour.Mpich, MpiFlavour.OpenMpi);
        string expected = $"the library that belongs to the launcher, {string.Join(" or ", NamesOf(wanted)[..^1])}";
        string install = $"{(wanted == MpiFlavour.OpenMpi ? OpenMpi : Mpich)} on every host; {set}";
        return MpiLibrary.FirstOf(other, NamesOf(other)) is { } present
            ? new(where, $"no library of that MPI; there is only {present.Version}, which cannot talk to this launcher", expected, $"start with the mpiexec of that library ({LauncherOf(other)}), or {install}")
            : new(where, "no MPI library can be loaded", expected, install);
    }

    // The system's loader explains in its last line; the lines before it are general advice.
    private static string Essence(Exception e) => e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(line => line.Length > 1).Trim().TrimEnd('.');
}
