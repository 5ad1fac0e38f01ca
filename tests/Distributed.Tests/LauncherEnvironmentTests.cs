namespace SparkTrain.Distributed.Tests;

public sealed class LauncherEnvironmentTests
{
    [Fact]
    public void Open_MPI_says_everything() =>
        Assert.Equal(new LauncherEnvironment(LauncherKind.OpenMpi, 5, 8, 1, 4),
            Detect("OMPI_COMM_WORLD_RANK=5 OMPI_COMM_WORLD_SIZE=8 OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=4 PMIX_RANK=5"));

    [Fact]
    public void Hydra_says_everything() =>
        Assert.Equal(new LauncherEnvironment(LauncherKind.Mpich, 1, 2, 1, 2), Detect("PMI_RANK=1 PMI_SIZE=2 PMI_FD=8 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2"));

    [Fact]
    public void Relatives_of_MPICH_may_keep_the_host_to_themselves() =>
        Assert.Equal(new LauncherEnvironment(LauncherKind.Mpich, 1, 2, null, null), Detect("PMI_RANK=1 PMI_SIZE=2"));

    [Theory]
    [InlineData("")]
    [InlineData(" PMIX_RANK=3 PMIX_NAMESPACE=slurm.pmix.7.0")]
    [InlineData(" PMI_RANK=3 PMI_SIZE=4 PMI_FD=9")]
    public void A_task_of_srun_is_a_rank_whatever_process_manager_it_speaks(string manager) =>
        Assert.Equal(new LauncherEnvironment(LauncherKind.Slurm, 3, 4, 1, null),
            Detect("SLURM_JOB_ID=7 SLURM_STEP_ID=0 SLURM_PROCID=3 SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=4 SLURM_LOCALID=1" + manager));

    [Theory]
    [InlineData("OMPI_COMM_WORLD_RANK=5 OMPI_COMM_WORLD_SIZE=8", LauncherKind.OpenMpi)]
    [InlineData("PMI_RANK=5 PMI_SIZE=8 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=4", LauncherKind.Mpich)]
    public void The_helpers_that_mpiexec_starts_by_srun_are_not_the_ranks(string launcher, LauncherKind kind)
    {
        var detected = Detect("SLURM_JOB_ID=7 SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_LOCALID=0 " + launcher)!;
        Assert.Equal((kind, 5, 8), (detected.Kind, detected.Rank, detected.WorldSize));
    }

    [Theory]
    [InlineData("")]
    [InlineData("SLURM_JOB_ID=7 SLURM_NTASKS=8")] // salloc
    [InlineData("SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_LOCALID=0")] // a batch script
    [InlineData("SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_STEP_ID=4294967291 SLURM_STEP_NUM_TASKS=8")] // the same, numbered
    [InlineData("SLURM_JOB_ID=7 SLURM_NTASKS=1 SLURM_PROCID=0 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=1")] // srun --pty bash
    [InlineData("OMPI_COMM_WORLD_RANK=0")]
    [InlineData("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=2")]
    [InlineData("PMI_RANK=x PMI_SIZE=2")]
    [InlineData("PMI_RANK=-1 PMI_SIZE=2")]
    [InlineData("PMI_RANK=1 PMI_SIZE=99999999999")]
    public void A_process_that_no_launcher_has_started_is_alone(string variables) => Assert.Null(Detect(variables));

    [Fact]
    public void One_rank_under_mpiexec_is_a_world_of_one() => Assert.Equal(1, Detect("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1")!.WorldSize);

    private static LauncherEnvironment? Detect(string variables)
    {
        var set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return LauncherEnvironment.Detect(set.GetValueOrDefault);
    }
}
