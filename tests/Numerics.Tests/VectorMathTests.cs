using System.Runtime.Intrinsics;

namespace SparkTrain.Numerics.Tests;

public sealed class VectorMathTests
{
    [Fact]
    public void Exp_is_within_two_units_in_the_last_place() => Assert.True(WorstUlps(VectorMath.Exp, Math.Exp, -87, 88.2f) <= 2);

    [Fact]
    public void Tanh_is_within_three_units_in_the_last_place() => Assert.True(WorstUlps(VectorMath.Tanh, Math.Tanh, -12, 12) <= 3);

    [Fact]
    public void Softplus_is_within_three_units_in_the_last_place() =>
        Assert.True(WorstUlps(VectorMath.Softplus, x => x > 0 ? x + LogOnePlus(Math.Exp(-x)) : LogOnePlus(Math.Exp(x)), -80, 100) <= 3);

    [Fact]
    public void Sigmoid_is_within_four_units_in_the_last_place() => Assert.True(WorstUlps(VectorMath.Sigmoid, x => 1 / (1 + Math.Exp(-x)), -80, 80) <= 4);

    [Fact]
    public void Gelu_slope_is_its_derivative()
    {
        for (float x = -6; x < 6; x += 0.37f)
        {
            VectorMath.Gelu(Vector512.Create(x), out var slope);
            Assert.Equal((Gelu(x + 1e-5) - Gelu(x - 1e-5)) / 2e-5, slope[0], 2e-6);
        }
    }

    [Fact]
    public void Extremes_saturate_and_NaN_stays()
    {
        Assert.Equal(1f, VectorMath.Tanh(Vector512.Create(float.PositiveInfinity))[0]);
        Assert.Equal(-1f, VectorMath.Tanh(Vector512.Create(-1e30f))[0]);
        Assert.InRange(VectorMath.Exp(Vector512.Create(float.NegativeInfinity))[0], 0, 1e-37f);
        Assert.True(float.IsNaN(VectorMath.Exp(Vector512.Create(float.NaN))[0]));
        Assert.True(float.IsNaN(VectorMath.Tanh(Vector512.Create(float.NaN))[0]));
        Assert.True(float.IsNaN(VectorMath.Softplus(Vector512.Create(float.NaN))[0]));
    }

    private static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    // Kahan's form, exact to the last bits for small t.
    private static double LogOnePlus(double t) => 1 + t == 1 ? t : Math.Log(1 + t) * t / (1 + t - 1);

    private static double WorstUlps(Func<Vector512<float>, Vector512<float>> actual, Func<double, double> expected, float from, float to)
    {
        double worst = 0;
        for (int i = 0; i <= 200_000; i++)
        {
            float x = from + (to - from) * i / 200_000;
            double exact = expected(x);
            worst = Math.Max(worst, Math.Abs(actual(Vector512.Create(x))[0] - exact) / (MathF.BitIncrement((float)Math.Abs(exact)) - Math.Abs((float)exact)));
        }
        return worst;
    }
}
