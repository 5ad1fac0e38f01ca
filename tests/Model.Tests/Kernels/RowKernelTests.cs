using CsCheck;
using SparkTrain.Kernels;
using SparkTrain.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class RowKernelTests
{
    private static readonly Gen<(int Rows, int Width)> Shapes = Gen.Select(Gen.Int[1, 70], Gen.Int[4, 70]);

    [Fact]
    public void Rms_norm_matches_the_composed_form() => Shapes.Sample((rows, width) => Check.Agree(
        v => RmsNormKernel.Apply(v[0], v[1], 1e-6),
        v => v[0] * (v[0].square().mean([-1], keepdim: true) + 1e-6).rsqrt() * (1 + v[1]),
        [Check.Normal(rows, 2, rows, width), Check.Normal(width, 0.5, width)], 3e-6), iter: 20, threads: 1);

    [Theory]
    [InlineData(ActivationKind.Gelu)]
    [InlineData(ActivationKind.Relu)]
    [InlineData(ActivationKind.SquaredRelu)]
    [InlineData(ActivationKind.Silu)]
    public void Gated_activations_match_the_composed_form(ActivationKind kind) => Shapes.Sample((rows, width) => Check.Agree(
        v => GatedActivationKernel.Apply(v[0], v[1], kind),
        v => Activation(v[0], kind) * v[1],
        [Check.Normal(rows, 3, rows, width), Check.Normal(width, 1, rows, width)], 2e-6), iter: 10, threads: 1);

    [Fact]
    public void Rows_enough_for_every_thread_give_the_same_bits() => Check.Agree(
        v => SparkGateKernel.Apply(RmsNormKernel.Apply(v[0], v[1], 1e-6), v[2], 20, 1),
        v => nn.functional.gelu(StatisticalTopKKernelTests.Composed(v[0] * (v[0].square().mean([-1], keepdim: true) + 1e-6).rsqrt() * (1 + v[1]), 20, 1),
            TorchSharp.Modules.GELU.Approximate.tanh) * v[2],
        [Check.Normal(1, 2, 301, 203), Check.Normal(2, 0.5, 203), Check.Normal(3, 1, 301, 203)], 1e-5);

    [Fact]
    public void Spark_gate_matches_the_composed_form_and_counts() => Gen.Select(Gen.Int[1, 9], Gen.Int[2, 90], Gen.Int[1, 100], Gen.Int[0, 1])
        .Sample((rows, width, k, correction) =>
        {
            using var scope = NewDisposeScope();
            var s = Check.Normal(width, 2, rows, width);
            var active = zeros(rows, ScalarType.Int32);
            Tensor TopK(Tensor x) => k >= width ? x : StatisticalTopKKernelTests.Composed(x, k, correction);
            Check.Agree(
                v => SparkGateKernel.Apply(v[0], v[1], k, correction, active),
                v => nn.functional.gelu(TopK(v[0]), TorchSharp.Modules.GELU.Approximate.tanh) * v[1],
                [s, Check.Normal(rows, 1, rows, width)], 5e-6);
            var expected = k >= width ? full(rows, width, ScalarType.Int32) : (TopK(s.to(float64)) > 0).sum(new long[] { 1 }).to(ScalarType.Int32);
            Assert.Equal(expected.data<int>().ToArray(), active.data<int>().ToArray());
        }, iter: 25, threads: 1);

    [Fact]
    public void Kernels_accept_strided_inputs()
    {
        using var scope = NewDisposeScope();
        var x = Check.Normal(1, 1, 20, 6);
        Check.Agree(
            v => GatedActivationKernel.Apply(v[0].t(), v[1].t(), ActivationKind.Gelu).t(),
            v => nn.functional.gelu(v[0], TorchSharp.Modules.GELU.Approximate.tanh) * v[1],
            [x, Check.Normal(2, 1, 20, 6)], 2e-6);
    }

    private static Tensor Activation(Tensor g, ActivationKind kind) => kind switch
    {
        ActivationKind.Gelu => nn.functional.gelu(g, TorchSharp.Modules.GELU.Approximate.tanh),
        ActivationKind.Silu => nn.functional.silu(g),
        ActivationKind.Relu => nn.functional.relu(g),
        _ => nn.functional.relu(g).square(),
    };
}
