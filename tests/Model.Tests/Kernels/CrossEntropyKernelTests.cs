using CsCheck;
using SparkTrain.Kernels;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class CrossEntropyKernelTests
{
    [Theory]
    [InlineData(7, 37, null)]
    [InlineData(7, 37, 3.0)]
    [InlineData(1, 1, 30.0)]
    [InlineData(600, 48, 30.0)] // more than one chunk
    public void Matches_the_composed_loss_and_gradients(int rows, int vocab, double? softcap) => Compare(rows, vocab, softcap, false, 2e-6);

    [Fact]
    public void Stays_within_bfloat16_rounding() => Compare(40, 64, 30.0, true, 1e-2);

    [Fact]
    public unsafe void Bfloat16_rows_round_as_libtorch_does()
    {
        using var scope = NewDisposeScope();
        var x = Check.Normal(1, 1, 77);
        x[3] = 1 + 1 / 256f; // a tie: to even
        x[50] = 1 + 3 / 256f;
        x[70] = float.NaN;
        var halves = empty(77, ScalarType.BFloat16);
        var back = empty(77);
        using var memory = new TensorMemory();
        Bfloat16Row.Narrow(memory.Float32(x), 77, (ushort*)memory.Pointer(halves));
        Bfloat16Row.Widen((ushort*)memory.Pointer(halves), 77, memory.Float32(back));
        Assert.Equal(x.to(ScalarType.BFloat16).to(float32).data<float>().ToArray(), back.data<float>().ToArray());
    }

    [Fact]
    public void Random_shapes_match() =>
        Gen.Select(Gen.Int[3, 20], Gen.Int[5, 70], Gen.Double[10, 50]).Sample((rows, vocab, cap) => Compare(rows, vocab, cap, false, 5e-6), iter: 15, threads: 1);

    [Fact]
    public void Rows_left_out_add_nothing()
    {
        using var scope = NewDisposeScope();
        var h = Check.Normal(1, 1, 3, 4).requires_grad_();
        var loss = CrossEntropyKernel.Apply(h, Check.Normal(2, 1, 5, 4), full(3, -100L), 30, false);
        loss.backward();
        Assert.Equal(0f, loss.item<float>());
        Assert.Equal(0f, h.grad!.abs().sum().item<float>());
    }

    [Fact]
    public void Uniform_logits_cost_the_logarithm_of_the_vocabulary()
    {
        using var scope = NewDisposeScope();
        var loss = CrossEntropyKernel.Apply(zeros(2, 4), Check.Normal(2, 1, 1000, 4), tensor(new long[] { 0, 999 }), null, false);
        Assert.Equal(2 * Math.Log(1000), loss.item<float>(), 1e-5);
    }

    [Fact]
    public void Logits_of_any_size_give_a_finite_loss()
    {
        using var scope = NewDisposeScope();
        var loss = CrossEntropyKernel.Apply(full(1, 1, 1f), tensor(new float[] { 3000, -3000, 2990 }).view(3, 1), tensor(new long[] { 2 }), null, false);
        Assert.Equal(10 + Math.Log(1 + Math.Exp(-10)), loss.item<float>(), 1e-3);
    }

    [Fact]
    public void NaN_reaches_the_loss()
    {
        using var scope = NewDisposeScope();
        var h = Check.Normal(1, 1, 1, 4).fill_(float.NaN);
        Assert.True(float.IsNaN(CrossEntropyKernel.Apply(h, Check.Normal(2, 1, 40, 4), zeros(1, ScalarType.Int64), 30, false).item<float>()));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-1)]
    public void A_target_outside_the_vocabulary_is_refused(long target)
    {
        using var scope = NewDisposeScope();
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropyKernel.Apply(Check.Normal(1, 1, 1, 4), Check.Normal(2, 1, 5, 4), full(1, target), null, false));
        Assert.Contains($"row 0: target {target}", e.Message, StringComparison.Ordinal);
    }

    private static void Compare(int rows, int vocab, double? softcap, bool bfloat16, double tolerance)
    {
        using var scope = NewDisposeScope();
        var targets = arange(rows, ScalarType.Int64) * 7 % vocab;
        if (rows > 2) targets[2] = CrossEntropyKernel.Ignored;
        Check.Agree(
            v => CrossEntropyKernel.Apply(v[0], v[1], targets, softcap, bfloat16),
            v =>
            {
                var logits = nn.functional.linear(v[0], v[1]);
                if (softcap is { } c) logits = (logits / c).tanh() * c;
                return nn.functional.cross_entropy(logits, targets, ignore_index: CrossEntropyKernel.Ignored, reduction: nn.Reduction.Sum);
            },
            [Check.Normal(1, 0.4, rows, 24), Check.Normal(2, 1, vocab, 24)], tolerance, acrossThreads: false);
    }
}
