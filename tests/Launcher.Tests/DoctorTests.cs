using System.Runtime.InteropServices;
using SparkTrain.Distributed.Mpi;
using SparkTrain.Launcher.Commands;
using SparkTrain.Launcher.Doctor;
using SparkTrain.Native;

namespace SparkTrain.Launcher.Tests;

public sealed class DoctorTests
{
    [Fact]
    public void One_line_for_each_subject_with_its_verdict()
    {
        var run = LauncherProcess.Run("doctor");
        var lines = run.Out.TrimEnd('\n').Split('\n');
        Assert.Equal([".NET", "processor", "memory", "disk", "libstdc++", "libtorch", "MPI", "shared", "dotnet-docs"], lines.Select(line => line[6..].Split(' ')[0]));
        Assert.All(lines, line => Assert.Matches("^(ok  |warn|fail)  ", line));
        Assert.Equal(lines.Any(line => line.StartsWith("fail", StringComparison.Ordinal)) ? 5 : 0, run.ExitCode);
        Assert.Equal("", run.Error);
    }

    [Fact]
    public void A_missing_libtorch_ends_with_5_and_names_the_folder()
    {
        var run = LauncherProcess.Run("doctor", ("SPARKTRAIN_LIBTORCH", "/nowhere/libtorch"));
        Assert.Equal(5, run.ExitCode);
        Assert.Contains("fail  libtorch       SPARKTRAIN_LIBTORCH=/nowhere/libtorch: the folder holds no libtorch_cpu.so, nor does its lib/. expected: ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_failure_changes_the_exit_code()
    {
        var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(_ => null, isOutputRedirected: true, output, TextWriter.Null);
        Assert.Equal(0, DoctorCommand.Report([new(Verdict.Ok, "a", "fine"), new(Verdict.Warn, "bcd", "slow", "buy")], terminal));
        Assert.Equal("ok    a    fine\nwarn  bcd  slow; buy\n", output.ToString());
        Assert.Equal(5, DoctorCommand.Report([new(Verdict.Ok, "a", "fine"), new(Verdict.Fail, "b", "gone")], terminal));
    }

    [Fact]
    public void A_problem_of_libtorch_is_a_failure_and_a_relaxed_need_is_not()
    {
        Assert.Equal(Verdict.Fail, SoftwareChecks.Torch(new LibTorchProbe(null, null, false, "gone")).Verdict);
        Assert.Equal(Verdict.Ok, SoftwareChecks.Torch(new LibTorchProbe("/lib", "/lib/x.so", true, null)).Verdict);
    }

    [Theory]
    [InlineData("OpenMpi", "mpiexec (OpenRTE) 4.1.4\n\nReport bugs to", "Ok", "lib; /bin/mpiexec of Open MPI 4.1.4")]
    [InlineData("OpenMpi", "mpirun (Open MPI) 5.0.3", "Ok", "lib; /bin/mpiexec of Open MPI 5.0.3")]
    [InlineData("Mpich", "HYDRA build details:\n    Version:                                 4.0.2", "Ok", "lib; /bin/mpiexec of MPICH 4.0.2")]
    [InlineData("Mpich", "Intel(R) MPI Library for Linux* OS, Version 2021.11", "Ok", "lib; /bin/mpiexec of MPICH 2021.11")]
    [InlineData("OpenMpi", "HYDRA build details:", "Warn", "lib; /bin/mpiexec is MPICH's, which the library does not belong to")]
    [InlineData("OpenMpi", "", "Warn", "lib; /bin/mpiexec, whose MPI is not known")]
    [InlineData("OpenMpi", null, "Warn", "lib; no mpiexec on the PATH")]
    [InlineData(null, "mpiexec (OpenRTE) 4.1.4", "Warn", "no library; /bin/mpiexec is Open MPI's, which the library does not belong to")]
    [InlineData(null, null, "Ok", "not found; one process needs none. For several ranks: apt-get install openmpi-bin, or load the cluster's MPI module")]
    public void The_mpi_library_must_belong_to_the_launcher(string? flavour, string? mpiexec, string verdict, string found)
    {
        var finding = MpiChecks.Mpi(flavour is null ? [] : [(Enum.Parse<MpiFlavour>(flavour), "lib")], mpiexec is null ? null : ("/bin/mpiexec", mpiexec));
        Assert.Equal((verdict, found), (finding.Verdict.ToString(), finding.Found));
    }

    [Fact]
    public void Little_shared_memory_is_a_warning()
    {
        Assert.Equal(new(Verdict.Ok, "shared memory", "2 GiB free of 4 GiB in /dev/shm"), MpiChecks.SharedMemory(2L << 30, 4L << 30));
        Assert.Equal(Verdict.Warn, MpiChecks.SharedMemory(60L << 20, 64L << 20).Verdict);
    }

    [Theory]
    [InlineData("flags : fpu avx2 avx512f avx512_bf16", Architecture.X64, "Ok", "AVX2, AVX-512, bf16")]
    [InlineData("flags : fpu avx2", Architecture.X64, "Ok", "AVX2")]
    [InlineData("flags : fpu avx20 xavx2", Architecture.X64, "Warn", "none of AVX2, AVX-512, bf16")]
    [InlineData("Features : fp asimd bf16", Architecture.Arm64, "Warn", "bf16")]
    public void The_processor_is_judged_by_its_flags(string line, Architecture architecture, string verdict, string features)
    {
        var finding = MachineChecks.Processor(["model name : Test CPU", line], architecture, 2);
        Assert.Equal((verdict, $"Test CPU, 2 cores for this process; {features}"), (finding.Verdict.ToString(), finding.Found));
    }

    [Fact]
    public void Memory_heeds_the_control_group()
    {
        Assert.Equal(new Finding(Verdict.Ok, "memory", "12 GiB available of 24 GiB"), MachineChecks.Memory(24L << 30, 12L << 30, null));
        var capped = MachineChecks.Memory(24L << 30, 1L << 30, 1536L << 20);
        Assert.Equal((Verdict.Warn, "1 GiB available of 24 GiB, limited to 1.5 GiB by the control group"), (capped.Verdict, capped.Found));
    }

    [Fact]
    public void The_disk_of_a_folder_that_does_not_exist_yet_is_that_of_its_parent_and_nothing_is_left_behind()
    {
        var root = Directory.CreateTempSubdirectory("disk").FullName;
        Assert.NotEqual(Verdict.Fail, MachineChecks.Disk(Path.Combine(root, "a", "b")).Verdict);
        Assert.Empty(Directory.EnumerateFileSystemEntries(root));
        Directory.Delete(root);
        Assert.Equal(Verdict.Fail, MachineChecks.Disk("/proc/nothing").Verdict);
    }

    [Theory]
    [InlineData(17, "17 bytes")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(25_769_803_776, "24 GiB")]
    public void Sizes_are_written_in_binary_units(long bytes, string expected) => Assert.Equal(expected, Size.Text(bytes));
}
