using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Distributed.Tests.Mpi;

/// <summary>What MpiProgram checks on its ranks, on Open MPI and on MPICH.</summary>
[Collection("MPI")]
public sealed class MpiTests
{
    public static TheoryData<MpiFlavour, int> FlavoursAndRanks => new(
        from flavour in Enum.GetValues<MpiFlavour>()
        from ranks in Enumerable.Range(1, 4)
        select (flavour, ranks));

    [Theory]
    [MemberData(nameof(FlavoursAndRanks))]
    public void Every_call_of_the_binding_gives_what_was_worked_out_by_hand(MpiFlavour flavour, int ranks) => AllIsWell(flavour, ranks, "binding");

    [Theory]
    [MemberData(nameof(FlavoursAndRanks))]
    public void Collectives_agree_with_sums_made_without_MPI(MpiFlavour flavour, int ranks) => AllIsWell(flavour, ranks, "collectives");

    [Theory]
    [InlineData(MpiFlavour.OpenMpi, "Open MPI v")]
    [InlineData(MpiFlavour.Mpich, "MPICH ")]
    public void Ranks_join_the_job_of_their_launcher(MpiFlavour flavour, string library)
    {
        var result = MpiInstallation.Of(flavour).Run(2, "join");
        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Contains($"joined 0 of 2, 0 of 2 here, by {library}", result.Output, StringComparison.Ordinal);
        Assert.Contains($"joined 1 of 2, 1 of 2 here, by {library}", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiFlavour.OpenMpi, 2)]
    [InlineData(MpiFlavour.OpenMpi, 3)]
    [InlineData(MpiFlavour.Mpich, 2)]
    [InlineData(MpiFlavour.Mpich, 3)]
    public void Messages_keep_their_order_and_length(MpiFlavour flavour, int ranks) => AllIsWell(flavour, ranks, "messages");

    [Theory]
    [InlineData(MpiFlavour.OpenMpi)]
    [InlineData(MpiFlavour.Mpich)]
    public void Without_room_for_shared_memory_ranks_exchange_messages_and_say_so(MpiFlavour flavour)
    {
        var result = AllIsWell(flavour, 2, "without-room");
        Assert.Contains("The 2 ranks on the host of rank 0 exchange messages instead of sharing memory", result.Output, StringComparison.Ordinal);
        Assert.Contains("--shm-size", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiFlavour.OpenMpi)]
    [InlineData(MpiFlavour.Mpich)]
    public void A_rank_that_makes_another_call_is_an_error_on_every_rank(MpiFlavour flavour)
    {
        var result = MpiInstallation.Of(flavour).Run(2, "sequence");
        Assert.True(result.ExitCode == 5, result.Output);
        Assert.Contains("rank 0: ranks 0 and 1 have made different collective calls before call 5, sum", result.Output, StringComparison.Ordinal);
        Assert.Contains("rank 1: ranks 0 and 1 have made different collective calls before call 5, sum", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiFlavour.OpenMpi)]
    [InlineData(MpiFlavour.Mpich)]
    public void A_thread_can_end_the_job_while_all_ranks_wait(MpiFlavour flavour)
    {
        var result = MpiInstallation.Of(flavour).Run(2, "abort 42");
        Assert.True(result.ExitCode == 42, result.Output);
    }

    private static MpiResult AllIsWell(MpiFlavour flavour, int ranks, string what)
    {
        var result = MpiInstallation.Of(flavour).Run(ranks, what);
        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Equal(ranks, result.Count(": all is well"));
        return result;
    }
}
