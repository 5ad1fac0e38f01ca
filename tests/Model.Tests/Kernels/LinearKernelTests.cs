using SparkTrain.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class LinearKernelTests
{
    [Theory]
    [InlineData(false, 1e-6)]
    [InlineData(true, 8e-3)] // one rounding to 8 bits of each operand and of the result
    public void Matches_the_product_in_float64(bool bfloat16, double tolerance) =>
        Check.Agree(
            v => LinearKernel.Apply(v[0], v[1], bfloat16),
            v => nn.functional.linear(v[0], v[1]),
            [Check.Normal(1, 1, 2, 5, 33), Check.Normal(2, 1, 17, 33)], tolerance, acrossThreads: false);

    [Fact]
    public void Inputs_that_need_no_gradient_get_none()
    {
        using var scope = NewDisposeScope();
        var x = Check.Normal(1, 1, 3, 4);
        var w = Check.Normal(2, 1, 5, 4).requires_grad_();
        LinearKernel.Apply(x, w, false).sum().backward();
        KernelFailure.ThrowIfAny();
        Assert.True(x.grad is null);
        Check.Close(x.sum(new long[] { 0 }).expand(5, 4), w.grad!, 1e-6, "gradient of w");
    }

    [Fact]
    public void Held_casts_are_reused_until_disposed()
    {
        using var scope = NewDisposeScope();
        var x = Check.Normal(1, 1, 3, 4);
        var w = Check.Normal(2, 1, 5, 4);
        Tensor before;
        using (WeightCasts.Hold())
        {
            before = LinearKernel.Apply(x, w, true);
            w.mul_(2);
            Assert.True(before.equal(LinearKernel.Apply(x, w, true)).all().item<bool>());
            Assert.Throws<InvalidOperationException>(WeightCasts.Hold);
        }
        Assert.True((before * 2).equal(LinearKernel.Apply(x, w, true)).all().item<bool>());
    }

    [Fact]
    public void A_failure_in_backward_is_thrown_afterwards_and_once()
    {
        using var scope = NewDisposeScope();
        var x = Check.Normal(1, 1, 3, 4).requires_grad_();
        var y = LinearKernel.Apply(x, Check.Normal(2, 1, 5, 4), false).sum();
        y.backward(retain_graph: true);
        KernelFailure.ThrowIfAny();
        y.backward();
        Assert.Throws<InvalidOperationException>(KernelFailure.ThrowIfAny);
        KernelFailure.ThrowIfAny();
    }
}
