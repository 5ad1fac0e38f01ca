using System.Text.Json;
using CsCheck;
using SparkTrain.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class StatisticalTopKKernelTests
{
    public static TheoryData<string> Cases()
    {
        var names = new TheoryData<string>();
        foreach (var golden in Goldens()) names.Add(golden.GetProperty("name").GetString()!);
        return names;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Matches_the_golden_values(string name)
    {
        using var scope = NewDisposeScope();
        var golden = Goldens().Single(g => g.GetProperty("name").GetString() == name);
        int k = golden.GetProperty("k").GetInt32(), correction = golden.GetProperty("correction").GetInt32();
        var x = Values(golden, "x").to(float32).requires_grad_();
        var y = StatisticalTopKKernel.Apply(x, k, correction);
        y.backward([Values(golden, "g").to(float32)]);
        KernelFailure.ThrowIfAny();

        Relative(Values(golden, "y"), y.detach());
        Relative(Values(golden, "grad"), x.grad!);
        if (golden.GetProperty("theta").ValueKind != JsonValueKind.Null) Assert.Equal(golden.GetProperty("active").GetInt64(), (y > 0).sum().item<long>());
    }

    [Fact]
    public void An_entry_equal_to_the_threshold_is_inactive()
    {
        using var scope = NewDisposeScope();
        // Equal entries: std 0, so the threshold is the mean and no entry is above it; each still gets −1/d of the sum of nothing.
        var x = full(1, 37, 0.1f).requires_grad_();
        var y = StatisticalTopKKernel.Apply(x, 3, 1);
        y.sum().backward();
        Assert.Equal(0f, y.abs().sum().item<float>());
        Assert.Equal(0f, x.grad!.abs().sum().item<float>());
    }

    [Fact]
    public void NaN_in_a_row_stays_visible()
    {
        using var scope = NewDisposeScope();
        var x = Check.Normal(1, 1, 1, 40);
        x[0, 3] = float.NaN;
        Assert.True(StatisticalTopKKernel.Apply(x, 3, 1).isnan().any().item<bool>());
    }

    [Fact]
    public void Random_rows_match_the_composed_form() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[3, 100], Gen.Int[1, 60], Gen.Int[0, 1]).Sample((rows, width, k, correction) =>
        {
            k = 1 + k % (width - 1);
            Check.Agree(v => StatisticalTopKKernel.Apply(v[0], k, correction), v => Composed(v[0], k, correction),
                [Check.Normal(rows + width, 3, rows, width)], 2e-6);
        }, iter: 25, threads: 1);

    /// <summary>Statistical top-k in libtorch's own operations.</summary>
    internal static Tensor Composed(Tensor x, int k, int correction)
    {
        long d = x.shape[^1];
        var quantile = special.ndtri(tensor(1 - (double)k / d));
        var mean = x.mean([-1], keepdim: true);
        var variance = (x - mean).square().sum(new long[] { -1 }, keepdim: true) / (d - correction);
        return nn.functional.relu(x - (mean + variance.sqrt() * quantile));
    }

    private static void Relative(Tensor expected, Tensor actual)
    {
        double scale = Math.Max(expected.abs().max().item<double>(), 1e-300);
        // Subnormal floats have fewer digits than the tolerance asks for: one unit of the smallest float is always allowed.
        double allowed = Math.Max(2e-6 * scale, 1.5e-45);
        double error = (expected - actual.to(float64)).abs().max().item<double>();
        Assert.True(error <= allowed, $"off by {error:g3} of {scale:g3}");
    }

    private static Tensor Values(JsonElement golden, string key) => tensor(golden.GetProperty(key).EnumerateArray().Select(v => v.GetDouble()).ToArray());

    private static List<JsonElement> Goldens()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "goldens", "statistical_topk.json")));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.Clone())];
    }
}
