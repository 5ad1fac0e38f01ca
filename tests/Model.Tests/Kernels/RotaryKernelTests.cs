using CsCheck;
using SparkTrain.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class RotaryKernelTests
{
    [Fact]
    public void Matches_the_composed_form_in_one_part_or_two() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 9], Gen.Int[1, 20], Gen.Int[0, 20], Gen.Int[0, 40]).Sample((heads, length, halfRest, halfPredictor, first) =>
            Check.Agree(
                v => RotaryKernel.Apply(v[0], first, 2 * halfPredictor, 10_000, 0.25),
                v => 0.25 * cat([Turn(v[0].narrow(-1, 0, 2 * halfPredictor), first), Turn(v[0].narrow(-1, 2 * halfPredictor, 2 * halfRest), first)], -1),
                [Check.Normal(first, 1, 2, length, heads, 2 * (halfPredictor + halfRest))], 1e-6), iter: 20, threads: 1);

    [Fact]
    public void Turns_a_pair_by_its_position()
    {
        using var scope = NewDisposeScope();
        // One pair, frequency 1: position t turns (1, 0) to (cos t, sin t).
        var x = tensor(new float[] { 1, 0, 1, 0 }).view(1, 2, 1, 2);
        var y = RotaryKernel.Apply(x, 1, 0, 10_000, 1);
        Check.Close(tensor(new[] { Math.Cos(1), Math.Sin(1), Math.Cos(2), Math.Sin(2) }).view(1, 2, 1, 2), y, 1e-7, "turned");
    }

    private static Tensor Turn(Tensor x_BTHW, int first)
    {
        long half = x_BTHW.shape[3] / 2;
        var angle = (arange(first, first + x_BTHW.shape[1], ScalarType.Float64).unsqueeze(1) * pow(10_000.0, arange(half, ScalarType.Float64) / -(double)Math.Max(1, half))).unsqueeze(1);
        Tensor a = x_BTHW.narrow(-1, 0, half), b = x_BTHW.narrow(-1, half, half);
        return cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1);
    }
}
