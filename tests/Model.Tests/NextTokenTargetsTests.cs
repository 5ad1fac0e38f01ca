namespace SparkTrain.Model.Tests;

public sealed class NextTokenTargetsTests
{
    [Fact]
    public void Targets_shift_by_one_and_stop_at_document_borders()
    {
        using var scope = NewDisposeScope();
        var tokens_BT = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }).view(2, 4);
        var documents_BT = tensor(new long[] { 0, 0, 1, 1, 3, 4, 4, 4 }).view(2, 4);
        Assert.Equal([2, 3, 4, -100, 6, 7, 8, -100], NextTokenTargets.Of(tokens_BT, null).data<long>().ToArray());
        Assert.Equal([2, -100, 4, -100, -100, 7, 8, -100], NextTokenTargets.Of(tokens_BT, documents_BT).data<long>().ToArray());
    }
}
