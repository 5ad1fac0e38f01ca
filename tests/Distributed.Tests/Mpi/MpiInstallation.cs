using System.Diagnostics;
using System.Globalization;
using System.Text;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Distributed.Tests.Mpi;

/// <summary>An MPI of this machine. Where it is missing the test fails: the binding must be held to both.</summary>
internal sealed class MpiInstallation
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static readonly Lazy<MpiInstallation> OpenMpi = new(FindOpenMpi), Mpich = new(FindMpich);

    private readonly MpiFlavour flavour;
    private readonly string launcher;

    private MpiInstallation(MpiFlavour flavour, string launcher, string library, string? libraryFolder) =>
        (this.flavour, this.launcher, Library, LibraryFolder) = (flavour, launcher, library, libraryFolder);

    /// <summary>The path or name of its library.</summary>
    public string Library { get; }

    /// <summary>The folder of its library, where that is not the system's.</summary>
    public string? LibraryFolder { get; }

    /// <summary>Finds the installation.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static MpiInstallation Of(MpiFlavour flavour) => flavour == MpiFlavour.OpenMpi ? OpenMpi.Value : Mpich.Value;

    /// <summary>Runs the tests' MPI program on a number of ranks.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="arguments">What they do, words divided by spaces.</param>
    /// <param name="variables">Environment variables of the ranks.</param>
    public MpiResult Run(int ranks, string arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(launcher);
        start.Environment.Remove(MpiLibrarySearch.Variable);
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        // Otherwise .NET greets the terminal that Open MPI shows each rank.
        start.Environment["TERM"] = "dumb";
        // The launcher needs its own libraries too.
        if (LibraryFolder is not null) start.Environment["LD_LIBRARY_PATH"] = LibraryFolder;
        Add(flavour == MpiFlavour.OpenMpi ? ["--oversubscribe", "--bind-to", "none", "-x", "TERM"] : []);
        foreach (var (name, value) in variables) Add(flavour == MpiFlavour.OpenMpi ? ["-x", $"{name}={value}"] : ["-genv", name, value]);
        Add("-n", ranks.ToString(CultureInfo.InvariantCulture), "dotnet", Path.Combine(AppContext.BaseDirectory, "MpiProgram.dll"));
        Add(arguments.Split(' '));
        return Run(start);

        void Add(params string[] words)
        {
            foreach (string word in words) start.ArgumentList.Add(word);
        }
    }

    private static MpiResult Run(ProcessStartInfo start)
    {
        var ended = Started.Start(start).Finish(Limit);
        return new(ended.ExitCode, ended.Out + ended.Error);
    }

    private static MpiInstallation FindOpenMpi()
    {
        string launcher = OnPath("mpiexec.openmpi") ?? OnPath("mpiexec") ?? throw Missing("Open MPI's mpiexec is not on the path", "scripts/install-mpi.sh");
        return new(MpiFlavour.OpenMpi, launcher, "libmpi.so.40", null);
    }

    private static MpiInstallation FindMpich()
    {
        string root = Path.Combine(RepositoryRoot(), "artifacts", "mpich", "usr"), launcher = Path.Combine(root, "bin", "mpiexec.hydra");
        string? library = Directory.Exists(root) ? Directory.EnumerateFiles(root, "libmpich.so.12", SearchOption.AllDirectories).FirstOrDefault() : null;
        return File.Exists(launcher) && library is not null
            ? new(MpiFlavour.Mpich, launcher, library, Path.GetDirectoryName(library))
            : throw Missing($"MPICH is not in {root}", "scripts/install-mpi.sh --with-mpich artifacts/mpich");
    }

    private static InvalidOperationException Missing(string what, string command) => new($"{what}. Run {command} in {RepositoryRoot()} (test.sh does), then the tests again.");

    private static string? OnPath(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SparkTrain.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
