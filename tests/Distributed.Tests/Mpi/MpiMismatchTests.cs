using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Distributed.Tests.Mpi;

/// <summary>Launchers and libraries that do not belong together: without a check every process would be rank 0 of 1.</summary>
[Collection("MPI")]
public sealed class MpiMismatchTests : IDisposable
{
    // Files that hide the system's libraries: the loader stops at the first of a name, and these are none.
    private readonly DirectoryInfo blocked = Directory.CreateTempSubdirectory("no-mpi-");

    public void Dispose() => blocked.Delete(recursive: true);

    [Theory]
    [InlineData(MpiFlavour.OpenMpi, "rank 1 of 2, started by Open MPI's mpiexec: the MPI library (MPICH ", "start with mpiexec.hydra")]
    [InlineData(MpiFlavour.Mpich, "rank 1 of 2, started by MPICH's mpiexec: the MPI library (Open MPI v", "start with mpiexec.openmpi")]
    public void The_library_of_another_MPI_is_refused(MpiFlavour launcher, string found, string remedy)
    {
        var other = MpiInstallation.Of(launcher == MpiFlavour.OpenMpi ? MpiFlavour.Mpich : MpiFlavour.OpenMpi);
        var result = MpiInstallation.Of(launcher).Run(2, "join", (MpiLibrarySearch.Variable, other.Library));
        AssertRefused(result, found, "says rank 0 of 1: it does not understand this launcher", remedy, MpiLibrarySearch.Variable);
    }

    [Theory]
    [InlineData(MpiFlavour.OpenMpi, "no library of that MPI; there is only MPICH ", "mpiexec.hydra", "install Open MPI")]
    [InlineData(MpiFlavour.Mpich, "no library of that MPI; there is only Open MPI v", "mpiexec.openmpi", "install MPICH")]
    public void Only_the_library_of_another_MPI_is_an_error(MpiFlavour launcher, string found, string use, string install)
    {
        string folder = launcher == MpiFlavour.OpenMpi ? $"{Hide("libmpi.so.40")}:{MpiInstallation.Of(MpiFlavour.Mpich).LibraryFolder}" : Hide("libmpich.so.12", "libmpi.so.12");
        var result = MpiInstallation.Of(launcher).Run(2, "join", ("LD_LIBRARY_PATH", folder));
        AssertRefused(result, found, "which cannot talk to this launcher", use, install);
    }

    [Fact]
    public void No_library_at_all_is_an_error()
    {
        var result = MpiInstallation.Of(MpiFlavour.OpenMpi).Run(1, "join", ("LD_LIBRARY_PATH", Hide("libmpi.so.40", "libmpi.so", "libmpich.so.12", "libmpi.so.12")));
        AssertRefused(result, "no MPI library can be loaded", "install Open MPI (Debian, Ubuntu: apt install openmpi-bin)", MpiLibrarySearch.Variable);
    }

    [Theory]
    [InlineData("/nowhere/libmpi.so", "it cannot be loaded: /nowhere/libmpi.so: cannot open shared object file")]
    [InlineData("libm.so.6", "no MPI-3 library: Unable to find an entry point named 'MPI_Init_thread'")]
    public void A_chosen_library_that_cannot_be_used_is_an_error(string library, string found)
    {
        var result = MpiInstallation.Of(MpiFlavour.OpenMpi).Run(1, "join", (MpiLibrarySearch.Variable, library));
        AssertRefused(result, $"{MpiLibrarySearch.Variable}={library}: {found}", "unset it");
    }

    private static void AssertRefused(MpiResult result, params string[] texts)
    {
        Assert.True(result.ExitCode == 5, result.Output);
        foreach (string text in texts) Assert.Contains(text, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("all is well", result.Output, StringComparison.Ordinal);
    }

    private string Hide(params string[] libraries)
    {
        foreach (string library in libraries) File.Create(Path.Combine(blocked.FullName, library)).Dispose();
        return blocked.FullName;
    }
}
