using SparkTrain.Distributed.Mpi;
using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class JobCommandTests
{
    private static readonly string[] Rank = ["dotnet", "Launcher.dll", "train", "--config", "a b.json"];
    private static readonly string[] Variables = ["PATH", "TERM", "OMP_NUM_THREADS", "SPARKTRAIN_SUPERVISOR", "MALLOC_TRIM_THRESHOLD_", "HOME", "XOMP_"];
    private static readonly RankHost[] TwoHosts = [new("node1", 2), new("10.0.0.2", 1)];

    [Theory]
    [InlineData(false, true, "/usr/bin/mpiexec -n 3 --map-by slot:OVERSUBSCRIBE --bind-to none --quiet")]
    [InlineData(true, true, "/usr/bin/mpiexec -n 3 --map-by slot:OVERSUBSCRIBE --bind-to none --quiet --allow-run-as-root")]
    [InlineData(false, false, "/usr/bin/mpiexec -n 3 --map-by slot:OVERSUBSCRIBE --bind-to none --quiet --mca btl_vader_single_copy_mechanism none --mca smsc ^cma")]
    public void Open_MPI_on_this_machine(bool isRoot, bool readsOtherProcesses, string expected) =>
        Assert.Equal([.. expected.Split(' '), .. "-x MALLOC_TRIM_THRESHOLD_ -x OMP_NUM_THREADS -x SPARKTRAIN_SUPERVISOR -x TERM".Split(' '), .. Rank], Command(MpiFlavour.OpenMpi, [], new(isRoot, readsOtherProcesses)));

    [Fact]
    public void Open_MPI_on_two_machines() => Assert.Equal(
        [.. "/usr/bin/mpiexec -n 3 --map-by slot --bind-to none --host node1:2,10.0.0.2:1 -x MALLOC_TRIM_THRESHOLD_ -x OMP_NUM_THREADS -x SPARKTRAIN_SUPERVISOR -x TERM".Split(' '), .. Rank],
        Command(MpiFlavour.OpenMpi, TwoHosts, new(IsRoot: false, ReadsOtherProcesses: true)));

    [Fact]
    public void MPICH_carries_the_environment_and_asks_nothing_of_root()
    {
        Assert.Equal(["/usr/bin/mpiexec", "-n", "3", "-bind-to", "none", .. Rank], Command(MpiFlavour.Mpich, [], new(IsRoot: true, ReadsOtherProcesses: false)));
        Assert.Equal(["/usr/bin/mpiexec", "-n", "3", "-bind-to", "none", "-hosts", "node1:2,10.0.0.2:1", .. Rank], Command(MpiFlavour.Mpich, TwoHosts, new(IsRoot: false, ReadsOtherProcesses: true)));
    }

    [Fact]
    public void A_single_rank_needs_no_mpiexec() => Assert.Equal(Rank, JobCommand.Of(null, Job([]), new(IsRoot: true, ReadsOtherProcesses: true), Variables, Rank));

    [Theory]
    [InlineData("mpiexec (OpenRTE) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n", MpiFlavour.OpenMpi)]
    [InlineData("mpirun (Open MPI) 5.0.3\n", MpiFlavour.OpenMpi)]
    [InlineData("HYDRA build details:\n    Version:                                 4.0.2\n", MpiFlavour.Mpich)]
    [InlineData("Intel(R) MPI Library for Linux* OS, Version 2021.11\n", MpiFlavour.Mpich)]
    [InlineData("srun 23.02.7\n", null)]
    public void The_families_of_mpiexec_are_told_apart(string said, MpiFlavour? flavour) => Assert.Equal(flavour, Mpiexec.FlavourOf(said));

    [Fact]
    public void What_is_no_mpiexec_is_refused()
    {
        Assert.Contains("/bin/true: it answers --version with '", Assert.Throws<Native.EnvironmentException>(() => Mpiexec.Find("/bin/true")).Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/mpiexec: it cannot be started (", Assert.Throws<Native.EnvironmentException>(() => Mpiexec.Find("/nowhere/mpiexec")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_options_are_ones_that_this_machines_mpiexec_knows()
    {
        var mpiexec = Mpiexec.Find(null);
        var command = JobCommand.Of(mpiexec, new(2, [], null, 0, TimeSpan.Zero, null), LaunchMachine.Look() with { ReadsOtherProcesses = false }, ["TERM"], ["true"]);
        var ended = Started.Run(command[0], [.. command.Skip(1)]);
        Assert.True(ended.ExitCode == 0, ended.Error);
    }

    private static IReadOnlyList<string> Command(MpiFlavour flavour, RankHost[] hosts, LaunchMachine machine) => JobCommand.Of(new("/usr/bin/mpiexec", flavour, ""), Job(hosts), machine, Variables, Rank);

    private static JobRequest Job(RankHost[] hosts) => new(3, hosts, null, 0, TimeSpan.Zero, null);
}
