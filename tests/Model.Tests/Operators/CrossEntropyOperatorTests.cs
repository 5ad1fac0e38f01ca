using SparkTrain.Kernels;
using SparkTrain.Model.Tests.Reference;

namespace SparkTrain.Model.Tests.Operators;

public sealed class CrossEntropyOperatorTests
{
    [Theory, InlineData(null), InlineData(3.0)]
    public void Equals_libtorchs_cross_entropy_over_several_chunks(double? softcap)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var h_ND = randn([1500, 6], ScalarType.Float64, generator: generator).requires_grad_();
        using var e_VD = randn([50, 6], ScalarType.Float64, generator: generator).requires_grad_();
        var targets_N = randint(0, 50, [1500], ScalarType.Int64, generator: generator);
        targets_N[..40] = ComposedCrossEntropy.Ignored;
        Assert.True(ComposedCrossEntropy.Chunks(1500, 50).Count() > 1);

        (KernelSet.Composed.CrossEntropy(h_ND, e_VD, targets_N, softcap, ScalarType.Float64) * 2).backward();
        var (dh_ND, de_VD) = (h_ND.grad!.clone(), e_VD.grad!.clone());
        h_ND.grad!.zero_();
        e_VD.grad!.zero_();
        var z_NV = F.linear(h_ND, e_VD);
        if (softcap is { } c) z_NV = (z_NV / c).tanh() * c;
        var expected = F.cross_entropy(z_NV, targets_N, ignore_index: ComposedCrossEntropy.Ignored, reduction: nn.Reduction.Sum);
        (expected * 2).backward();

        Deviation.AssertWithin(1e-9, Deviation.Largest(KernelSet.Composed.CrossEntropy(h_ND, e_VD, targets_N, softcap, ScalarType.Float64), expected), "loss");
        Deviation.AssertWithin(1e-12, Deviation.Relative(dh_ND, h_ND.grad!), "gradient of h");
        Deviation.AssertWithin(1e-12, Deviation.Relative(de_VD, e_VD.grad!), "gradient of E");
        Deviation.AssertWithin(1e-9, Deviation.Largest(KernelSet.Composed.CrossEntropyOfRows(h_ND, e_VD, targets_N, softcap, ScalarType.Float64).sum(), expected), "sum of rows");
    }

    [Fact]
    public void Chunks_cover_every_row_once() => Gen.Int[0, 5000].Select(Gen.Int[1, 300_000]).Sample((rows, vocab) =>
    {
        int next = 0;
        foreach (var chunk in ComposedCrossEntropy.Chunks(rows, vocab))
        {
            Assert.Equal(next, chunk.Start.Value);
            next = chunk.End.Value;
        }
        Assert.Equal(rows, next);
    });
}
