namespace SparkTrain.Model.Tests.Reference;

public sealed class GoldenTests
{
    // float32: tests/goldens/README.md, about five times what PyTorch reaches. float64: the goldens themselves were rounded to float32 once.
    private static (double Logits, double LogProbs, double Loss, double Gradient) Tolerance(ScalarType dtype) =>
        dtype == ScalarType.Float32 ? (2e-4, 1e-4, 1e-5, 1e-4) : (2e-6, 1e-6, 1e-6, 1e-6);

    public static IEnumerable<TheoryDataRow<string, ScalarType>> Cases() =>
        from name in Golden.Names from dtype in (ScalarType[])[ScalarType.Float32, ScalarType.Float64] select new TheoryDataRow<string, ScalarType>(name, dtype);

    [Theory, MemberData(nameof(Cases))]
    public void Logits_and_logprobs_match(string name, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(name);
        using var model = golden.Model(dtype);
        using var noGradient = no_grad();
        Report(name, dtype, "logits", Tolerance(dtype).Logits, Deviation.Largest(model.call(golden.Tokens_BT, golden.DocumentIds_BT), golden["logits"]));
        Report(name, dtype, "logprobs", Tolerance(dtype).LogProbs, Deviation.Largest(model.LogProbs(golden.Tokens_BT, golden.DocumentIds_BT), golden["logprobs"]));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Loss_and_every_gradient_match(string name, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(name);
        using var model = golden.Model(dtype);
        var (nats, targets) = model.Loss(golden.Tokens_BT, golden.DocumentIds_BT);
        var loss = nats / targets;
        loss.backward();
        Report(name, dtype, "loss", Tolerance(dtype).Loss, Deviation.Largest(loss, golden["loss"]));
        Report(name, dtype, "gradients", Tolerance(dtype).Gradient, model.Weights.Max(w => Deviation.Relative(w.Weight.grad!, golden[$"grad.{w.Name}"])));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Active_fractions_and_kept_keys_are_equal(string name, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(name);
        var sparsity = new SparsitySink(golden.Config.NumLayers) { KeepsEveryQuery = true };
        using var model = golden.Model(dtype, sparsity);
        using var noGradient = no_grad();
        model.call(golden.Tokens_BT, golden.DocumentIds_BT);

        float[] fractions = golden.Find("ffn_active_fraction")?.data<float>().ToArray() ?? [.. Enumerable.Repeat(1f, golden.Config.NumLayers)];
        Assert.Equal(fractions, sparsity.FfnActiveFraction().Select(f => (float)f));
        if (golden.Find("attention_kept") is not { } kept_LBHT) return;
        for (int layer = 0; layer < golden.Config.NumLayers; layer++)
            Assert.Equal(kept_LBHT[layer].flatten().data<long>().ToArray(), sparsity.KeptByQuery(layer).Single().Select(n => (long)n));
    }

    private static void Report(string golden, ScalarType dtype, string what, double tolerance, double deviation)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{golden} {dtype}: {what} {deviation:g2}");
        Deviation.AssertWithin(tolerance, deviation, what);
    }
}
