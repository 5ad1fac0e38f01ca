namespace SparkTrain.Distributed.Tests;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void This_process_is_alive() => Assert.Equal(ProcessState.Alive, ProcessIdentity.OfThisProcess().State());

    [Fact]
    public void Another_process_with_the_same_number_is_not_it()
    {
        var self = ProcessIdentity.OfThisProcess();
        Assert.Equal(ProcessState.Gone, (self with { Start = self.Start + 1 }).State());
    }

    [Fact]
    public void A_number_without_a_process_is_gone() => Assert.Equal(ProcessState.Gone, new ProcessIdentity(int.MaxValue, 1).State());

    [Fact]
    public void Nothing_is_known_without_a_start() => Assert.Equal(ProcessState.Unknown, new ProcessIdentity(0, 0).State());
}
