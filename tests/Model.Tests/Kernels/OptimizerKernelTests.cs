using SparkTrain.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class OptimizerKernelTests
{
    [Fact]
    public void AdamW_follows_libtorchs_own_optimizer()
    {
        using var scope = NewDisposeScope();
        const double lr = 3e-3, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weightDecay = 0.1, gradScale = 0.37;
        var p = Check.Normal(1, 1, 1037);
        var theirs = new TorchSharp.Modules.Parameter(p.to(float64));
        using var optimizer = optim.AdamW([theirs], lr, beta1, beta2, eps, weightDecay, amsgrad: false, maximize: false);
        Tensor m = zeros_like(p), v = zeros_like(p);
        for (int step = 1; step <= 20; step++)
        {
            var g = Check.Normal(step + 1, Math.Pow(10, step % 5 - 3), 1037);
            AdamWKernel.Step(p, g, m, v, new(lr, beta1, beta2, eps, weightDecay, step, gradScale));
            theirs.grad = g.to(float64) * gradScale;
            optimizer.step();
        }
        Check.Close(theirs.detach(), p, 1e-6, "parameters");
    }

    [Fact]
    public void AdamW_gives_the_same_bits_for_any_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var one = Stepped(1);
        var two = Stepped(2);
        Assert.True(one.equal(two).all().item<bool>());
    }

    [Fact]
    public void AdamW_refuses_unequal_sizes()
    {
        using var scope = NewDisposeScope();
        var e = Assert.Throws<ArgumentException>(() => AdamWKernel.Step(zeros(4), zeros(3), zeros(4), zeros(4), new(1, 0.9, 0.9, 1e-8, 0, 1, 1)));
        Assert.Contains("4, 3, 4 and 4", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sums_of_squares_are_exact_in_float64_and_depend_on_their_block_only()
    {
        using var scope = NewDisposeScope();
        const int Block = 16_384;
        var g = Check.Normal(1, 1, 200_003);
        double[] two = GradNormKernel.SumsOfSquares(g, Block);
        set_num_threads(1);
        double[] one = GradNormKernel.SumsOfSquares(g, Block);
        set_num_threads(2);
        Assert.Equal(one, two);
        Assert.Equal(13, two.Length);
        Assert.Equal(two[3..6], GradNormKernel.SumsOfSquares(g[(3 * Block)..(6 * Block)], Block));
        for (int i = 0; i < two.Length; i++) Assert.Equal(g[(i * Block)..Math.Min(200_003, (i + 1) * Block)].to(float64).square().sum().item<double>(), two[i], 1e-8);
        Assert.Equal([(double)3e38f * 3e38f], GradNormKernel.SumsOfSquares(full(1, 3e38f), Block)); // would overflow in float32
        Assert.Empty(GradNormKernel.SumsOfSquares(zeros(0), Block));
    }

    private static Tensor Stepped(int threads)
    {
        set_num_threads(threads);
        var p = Check.Normal(1, 1, 100_003);
        AdamWKernel.Step(p, Check.Normal(2, 1, 100_003), zeros_like(p), zeros_like(p), new(0.01, 0.9, 0.95, 1e-8, 0.1, 1, 1));
        set_num_threads(2);
        return p;
    }
}
