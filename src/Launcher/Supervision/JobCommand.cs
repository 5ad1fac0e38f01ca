using System.Globalization;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Launcher.Supervision;

/// <summary>The command line that starts the ranks of a job.</summary>
internal static class JobCommand
{
    /// <summary>Variables that change how ranks compute; Open MPI carries no others to other machines.</summary>
    private static readonly string[] CarriedPrefixes = ["SPARKTRAIN_", "OMP_", "MKL_", "MALLOC_", "DOTNET_", "NCCL_"];
    private static readonly string[] Carried = ["LD_LIBRARY_PATH", "NO_COLOR", "TERM"];

    /// <summary>Composes the command line.</summary>
    /// <param name="mpiexec">The program that starts the ranks; null for a single one, which needs none.</param>
    /// <param name="job">The ranks and their machines.</param>
    /// <param name="machine">What the options depend on.</param>
    /// <param name="variables">The names of the environment's variables.</param>
    /// <param name="rank">The program of a rank, with its arguments.</param>
    public static IReadOnlyList<string> Of(Mpiexec? mpiexec, JobRequest job, LaunchMachine machine, IEnumerable<string> variables, IReadOnlyList<string> rank) => mpiexec?.Flavour switch
    {
        null => rank,
        MpiFlavour.OpenMpi => [mpiexec.Path, .. OpenMpi(job, machine), .. variables.Where(IsCarried).Order(StringComparer.Ordinal).SelectMany(name => (string[])["-x", name]), .. rank],
        _ => [mpiexec.Path, .. Hydra(job), .. rank],
    };

    // Ranks of a machine are neighbours (by slot), which lets sums begin inside machines. A rank bound to one core would compute and communicate on that core alone.
    private static List<string> OpenMpi(JobRequest job, LaunchMachine machine)
    {
        bool isHere = job.Hosts.Count == 0;
        // Cores, of which mpiexec makes slots, may be fewer than threads, and a few ranks too many are the user's choice; the slots of a host file are meant.
        List<string> options = ["-n", Number(job.Ranks), "--map-by", isHere ? "slot:OVERSUBSCRIBE" : "slot", "--bind-to", "none"];
        // Where everything is on this machine, this program says more about how a job ended.
        if (isHere) options.Add("--quiet");
        else options.AddRange(["--host", Hosts(job)]);
        if (machine.IsRoot) options.Add("--allow-run-as-root");
        if (!machine.ReadsOtherProcesses)
            foreach (var (name, value) in ((string, string)[])[("btl_vader_single_copy_mechanism", "none"), ("smsc", "^cma")]) options.AddRange(["--mca", name, value]);
        return options;
    }

    // Hydra carries the whole environment, fills one machine after the other, and allows any number of ranks.
    private static IEnumerable<string> Hydra(JobRequest job) =>
        ["-n", Number(job.Ranks), "-bind-to", "none", .. (IEnumerable<string>)(job.Hosts.Count == 0 ? [] : ["-hosts", Hosts(job)])];

    private static bool IsCarried(string name) => Carried.Contains(name) || CarriedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static string Hosts(JobRequest job) => string.Join(',', job.Hosts.Select(host => $"{host.Name}:{Number(host.Slots)}"));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
