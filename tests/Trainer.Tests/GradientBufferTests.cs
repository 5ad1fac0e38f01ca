using SparkTrain.Distributed;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests;

public sealed class GradientBufferTests
{
    [Fact]
    public void Autograd_adds_into_the_flat_buffer_in_the_order_of_the_parameters()
    {
        using var scope = NewDisposeScope();
        var a = new Parameter(ones(2, 2));
        var b = new Parameter(ones(3));
        using var gradients = new GradientBuffer([("a", a), ("b", b)]);
        for (int i = 0; i < 2; i++) ((a * 3).sum() + (b * arange(3)).sum()).backward();
        Assert.Equal([6, 6, 6, 6, 0, 2, 4], gradients.Flat.data<float>().ToArray());
        gradients.Clear();
        b.sum().backward();
        Assert.Equal([0, 0, 0, 0, 1, 1, 1], gradients.Flat.data<float>().ToArray());
    }

    [Fact]
    public void Ranks_add_up_their_gradients() => ThreadRanks.Run(2, ranks =>
    {
        using var scope = NewDisposeScope();
        var a = new Parameter(ones(3));
        using var gradients = new GradientBuffer([("a", a)]);
        (a * (ranks.Rank + 1)).sum().backward();
        gradients.AllReduce(ranks);
        Assert.Equal([3, 3, 3], gradients.Flat.data<float>().ToArray());
    });
}
