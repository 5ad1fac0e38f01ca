using SparkTrain.Kernels;

namespace SparkTrain.Model.Tests.Reference;

public sealed class GoldenTests
{
    // float32: tests/goldens/README.md, about five times what PyTorch reaches. float64: the goldens themselves were rounded to float32 once.
    private static (double Logits, double LogProbs, double Loss, double Gradient) Tolerance(Form form) =>
        form == Form.Composed64 ? (2e-6, 1e-6, 1e-6, 1e-6) : (2e-4, 1e-4, 1e-5, 1e-4);

    public static IEnumerable<TheoryDataRow<string, Form>> Cases() =>
        from name in Golden.Names from form in Enum.GetValues<Form>() select new TheoryDataRow<string, Form>(name, form);

    [Theory, MemberData(nameof(Cases))]
    public void Logits_and_logprobs_match(string name, Form form)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(name);
        using var model = golden.Model(form);
        using var noGradient = no_grad();
        Report(name, form, "logits", Tolerance(form).Logits, Deviation.Largest(model.call(golden.Tokens_BT, golden.DocumentIds_BT), golden["logits"]));
        Report(name, form, "logprobs", Tolerance(form).LogProbs, Deviation.Largest(model.LogProbs(golden.Tokens_BT, golden.DocumentIds_BT), golden["logprobs"]));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Loss_and_every_gradient_match(string name, Form form)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(name);
        using var model = golden.Model(form);
        var (nats, targets) = model.Loss(golden.Tokens_BT, golden.DocumentIds_BT);
        var loss = nats / targets;
        loss.backward();
        KernelFailure.ThrowIfAny();
        Report(name, form, "loss", Tolerance(form).Loss, Deviation.Largest(loss, golden["loss"]));
        Report(name, form, "gradients", Tolerance(form).Gradient, model.Weights.Max(w => Deviation.Relative(w.Weight.grad!, golden[$"grad.{w.Slot.Name}"])));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Active_fractions_and_kept_keys_are_equal(string name, Form form)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(name);
        var sparsity = new SparsitySink(golden.Config.NumLayers) { KeepsEveryQuery = true };
        using var model = golden.Model(form, sparsity);
        using var noGradient = no_grad();
        model.call(golden.Tokens_BT, golden.DocumentIds_BT);

        float[] fractions = golden.Find("ffn_active_fraction")?.data<float>().ToArray() ?? [.. Enumerable.Repeat(1f, golden.Config.NumLayers)];
        Assert.Equal(fractions, sparsity.FfnActiveFraction().Select(f => (float)f));
        if (golden.Find("attention_kept") is not { } kept_LBHT) return;
        for (int layer = 0; layer < golden.Config.NumLayers; layer++)
            Assert.Equal(kept_LBHT[layer].flatten().data<long>().ToArray(), sparsity.KeptByQuery(layer).Single().Select(n => (long)n));
    }

    private static void Report(string golden, Form form, string what, double tolerance, double deviation)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{golden} {form}: {what} {deviation:g2}");
        Deviation.AssertWithin(tolerance, deviation, what);
    }
}
