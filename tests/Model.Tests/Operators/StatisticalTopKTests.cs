using System.Text.Json;
using SparkTrain.Kernels;
using SparkTrain.Model.Tests.Reference;

namespace SparkTrain.Model.Tests.Operators;

public sealed class StatisticalTopKTests
{
    public static IEnumerable<TheoryDataRow<string, ScalarType>> Cases()
    {
        using var json = Read();
        return [.. from c in json.RootElement.GetProperty("cases").EnumerateArray()
                   from dtype in (ScalarType[])[ScalarType.Float32, ScalarType.Float64]
                   select new TheoryDataRow<string, ScalarType>(c.GetProperty("name").GetString()!, dtype)];
    }

    [Theory, MemberData(nameof(Cases))]
    public void Matches_the_golden_case(string name, ScalarType dtype)
    {
        using var json = Read();
        using var scope = NewDisposeScope();
        var golden = json.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        using var x = Vector(golden, "x").to(dtype).requires_grad_();
        var y = Topk(x, golden.GetProperty("k").GetInt32(), golden.GetProperty("correction").GetInt32());
        y.backward([Vector(golden, "g").to(dtype)]);

        // y = x − θ: both are as large as x, so that is the scale of the rounding error; the gradient's scale is g's. No float32 is finer than 1.4e-45.
        var (epsilon, finest) = dtype == ScalarType.Float32 ? (1.2e-7, 1.4e-45) : (2.3e-16, 0);
        double scale = Vector(golden, "x").abs().max().item<double>();
        Deviation.AssertWithin(2 * epsilon * scale + finest, Deviation.Largest(y, Vector(golden, "y")), "y");
        Deviation.AssertWithin(20 * epsilon * Vector(golden, "g").abs().sum().item<double>(), Deviation.Largest(x.grad!, Vector(golden, "grad")), "gradient");
        if (golden.GetProperty("theta").ValueKind == JsonValueKind.Number)
            Assert.Equal(golden.GetProperty("active").GetInt32(), y.gt(0).sum().item<long>());
    }

    [Fact]
    public void Spark_ffn_matches_the_vector_worked_out_by_hand()
    {
        // spec section 2.6: d_model 4, r 2, d_ff 6, k 2.
        using var scope = NewDisposeScope();
        var config = TinyConfigs.Spark with { DModel = 4, Ffn = new() { Kind = FfnKind.Spark, DFf = 6, PredictorDim = 2, Active = 2 } };
        using var ffn = new SparkFfn(config, 0, new ComputeOptions { Dtype = ScalarType.Float64 });
        using var noGradient = no_grad();
        void Set(string name, double[,] value) => ffn.get_parameter(name)!.copy_(tensor(value, ScalarType.Float64));
        Set("gate_proj.weight", new[,] { { -.75, 0 }, { .5, -.5 }, { 0, .75 }, { -.5, .25 }, { .75, -.25 }, { .25, -.75 } });
        Set("up_proj.weight", new[,] { { -.5, 0 }, { .25, -.5 }, { -.25, .25 }, { .5, -.5 }, { 0, .5 }, { -.5, 0 } });
        Set("down_proj.weight", new[,] { { -.5, 0, .5, -.125, .375, -.25 }, { -.375, .125, -.5, 0, .5, -.125 }, { -.25, .25, -.375, .125, -.5, 0 }, { -.125, .375, -.25, .25, -.375, .125 } });
        var q = tensor(new double[] { 1, -.5, .75, 2 }, ScalarType.Float64).view(1, 1, 4);
        var expected = tensor(new[] { .1324881958, .1441798207, -.2050750648, -.1933834399 }, ScalarType.Float64).view(1, 1, 4);
        Deviation.AssertWithin(1e-10, Deviation.Largest(ffn.call(q), expected), "out");
    }

    [Fact]
    public void Keeps_about_k_of_gaussian_rows()
    {
        // spec section 1.2: 1105.6 ± 20.7 of 13824 per row; the mean of 64 rows has a deviation of 2.6.
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var y_NF = Topk(randn(64, 13824, generator: generator), 1106, 1);
        Assert.InRange(y_NF.gt(0).sum([-1]).to(ScalarType.Float64).mean().item<double>(), 1106 - 10, 1106 + 10);
    }

    [Fact]
    public void A_common_scale_and_shift_of_the_scores_leave_the_choice_as_it_is()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(8);
        var x_NF = randn(16, 512, ScalarType.Float64, generator: generator);
        var chosen = Topk(x_NF, 41, 1).gt(0);
        Gen.Double[0.01, 100].Select(Gen.Double[-100, 100]).Sample((scale, shift) =>
        {
            using var inner = NewDisposeScope();
            Assert.True(Topk(x_NF * scale + shift, 41, 1).gt(0).eq(chosen).all().item<bool>());
        }, iter: 30);
    }

    [Theory, InlineData(0.08, 1.405071560309633), InlineData(0.05, 1.6448536269514722), InlineData(0.5, 0.0)]
    public void Quantile_has_its_known_values(double share, double expected) =>
        Assert.Equal(expected, QuantileTable.Above((int)(share * 100), 100), 14);

    private static JsonDocument Read() => JsonDocument.Parse(File.ReadAllBytes(Golden.PathOf("statistical_topk.json")));

    private static Tensor Vector(JsonElement golden, string key) =>
        tensor(golden.GetProperty(key).EnumerateArray().Select(e => e.GetDouble()).ToArray(), dtype: ScalarType.Float64);

    private static Tensor Topk(Tensor x, int k, int correction) => KernelSet.For(CPU, x.dtype).Topk(x, k, correction);
}
