using CsCheck;
using SparkTrain.Kernels;
using SparkTrain.ModelFormat;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

[Collection(nameof(KernelTests))]
public sealed class AttentionKernelTests
{
    // Shapes: B batch, T queries, S keys, H query heads, G key/value heads, E head width, r predictor.

    private sealed record Case(
        AttentionKind Kind, int B, int T, int S, int G, int PerGroup, int E, int R, int Active, int Correction, double? Softcap, int? Window, int Documents, bool Mixed);

    private static readonly Gen<Case> Cases =
        from kind in Gen.Enum<AttentionKind>()
        from b in Gen.Int[1, 2]
        from t in Gen.Int[1, 40]
        from before in Gen.Int[0, 30]
        from g in Gen.Int[1, 2]
        from perGroup in Gen.Int[1, 3]
        from r in Gen.Int[1, 20]
        from rest in Gen.Int[1, 20]
        from active in Gen.Int[1, 12]
        from correction in Gen.Int[0, 1]
        from softcap in Gen.Int[0, 2].Select(i => i == 0 ? (double?)null : i == 1 ? 5 : 50)
        from window in Gen.Int[0, 3].Select(i => i == 0 ? (int?)null : i == 1 ? 1 : i == 2 ? 7 : 33)
        from documents in Gen.Int[0, 3]
        from mixed in Gen.Bool
        select new Case(kind, b, t, t + before, g, perGroup, r + rest, r, active, correction, softcap, window, documents, mixed);

    [Fact]
    public void Random_shapes_and_rules_match_the_composed_form() => Cases.Sample(c => { Compare(c); }, iter: 60, threads: 1);

    [Theory]
    [InlineData(AttentionKind.Dense, null, 64, 0)]
    [InlineData(AttentionKind.Topk, 50.0, 64, 20)]
    [InlineData(AttentionKind.Spark, 50.0, 64, 20)]
    [InlineData(AttentionKind.Spark, null, 40, 3)] // few kept: gathering
    [InlineData(AttentionKind.Spark, 50.0, 64, 400)] // all kept: dense products
    public void Long_rows_cut_into_several_units_match(AttentionKind kind, double? softcap, int width, int active) =>
        Assert.True(Compare(new(kind, 1, 300, 300, 1, 2, width, width / 2, active, 1, softcap, null, 0, false)));

    [Fact]
    public void Windows_longer_than_a_unit_match() => Assert.True(Compare(new(AttentionKind.Spark, 1, 290, 290, 2, 1, 32, 16, 9, 1, 50, 150, 3, false)));

    [Fact]
    public void Reproduces_the_worked_example()
    {
        using var scope = NewDisposeScope();
        // The specification's vector: no scale, no cap, no rotation; tokens 3 and 5 are kept.
        var k = tensor(new float[] { -1.5f, 0, 1.5f, -.5f, -.5f, 1, -1, .5f, .5f, -1.5f, 0, 1.5f, 1.5f, -.5f, 1, -1, -1, .5f, -1.5f, 0, 0, 1.5f, -.5f, 1 }).view(1, 6, 1, 4);
        var v = tensor(new float[] { -1, 0, 1, -.5f, -.5f, .5f, -1, 0, 0, 1, -.5f, .5f, .5f, -1, 0, 1, 1, -.5f, .5f, -1, -1, 0, 1, -.5f }).view(1, 6, 1, 4);
        var q = tensor(new float[] { 1, .5f, -.25f, .8f }).view(1, 1, 1, 4);
        var kept = zeros(new long[] { 1, 1, 1 }, ScalarType.Int32);
        var o = Apply(q, k, v, AttentionKind.Spark, 2, 2, 1, null, null, 5, null, kept);
        Check.Close(tensor(new[] { -.3819334321, -.1867742005, .4753205324, -.0508860657 }).view(1, 1, 1, 4), o, 1e-6, "o");
        Assert.Equal(2, kept.item<int>());
    }

    [Fact]
    public void Equal_scores_are_all_kept()
    {
        using var scope = NewDisposeScope();
        var kept = zeros(new long[] { 1, 1, 50 }, ScalarType.Int32);
        Apply(ones(1, 50, 1, 8), ones(1, 50, 1, 8), ones(1, 50, 1, 8), AttentionKind.Topk, 0, 4, 1, 50, null, 0, null, kept);
        Assert.Equal(Enumerable.Range(1, 50), kept.data<int>().ToArray());
    }

    [Fact]
    public void A_row_without_a_score_above_its_threshold_keeps_the_largest()
    {
        using var scope = NewDisposeScope();
        // Half of the scores +1, half −1, k = 1 of 32: mean + std · Q(31/32) lies above 1.
        var k = where(arange(32) % 2 == 0, tensor(1f), tensor(-1f)).view(1, 32, 1, 1).expand(1, 32, 1, 2).contiguous();
        var q = tensor(new float[] { 1, 0 }).view(1, 1, 1, 2);
        var kept = zeros(new long[] { 1, 1, 1 }, ScalarType.Int32);
        Apply(q, k, k, AttentionKind.Topk, 0, 1, 1, null, null, 31, null, kept);
        Assert.Equal(16, kept.item<int>());
    }

    [Theory]
    [InlineData(AttentionKind.Dense)]
    [InlineData(AttentionKind.Topk)]
    [InlineData(AttentionKind.Spark)]
    public void NaN_reaches_the_output(AttentionKind kind)
    {
        using var scope = NewDisposeScope();
        var k = Check.Normal(1, 1, 1, 40, 1, 8);
        k[0, 3, 0, 0] = float.NaN;
        var o = Apply(Check.Normal(2, 1, 1, 40, 1, 8), k, Check.Normal(3, 1, 1, 40, 1, 8), kind, 4, 5, 1, 50, null, 0);
        Assert.True(o[0, 39].isnan().any().item<bool>());
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        var q = zeros(1, 4, 2, 8);
        Assert.Throws<ArgumentException>(() => Apply(q, zeros(1, 4, 2, 8), zeros(1, 4, 2, 8), AttentionKind.Dense, 0, 0, 1, null, null, 1));
        Assert.Throws<ArgumentException>(() => Apply(zeros(1, 4, 3, 8), zeros(1, 4, 2, 8), zeros(1, 4, 2, 8), AttentionKind.Dense, 0, 0, 1, null, null, 0));
    }

    /// <summary>Returns false where a score lies so close to its threshold that rounding decides: then there is nothing to compare.</summary>
    private static bool Compare(Case c)
    {
        using var scope = NewDisposeScope();
        Tensor? documents = c.Documents == 0 ? null
            : c.Mixed ? arange(c.S, ScalarType.Int64).mul(7).remainder(c.Documents + 1).expand(c.B, c.S).contiguous()
            : arange(c.S, ScalarType.Int64).mul(c.Documents + 1).div(c.S, RoundingMode.floor).to(ScalarType.Int32).expand(c.B, c.S).contiguous();
        Tensor[] inputs = [Check.Normal(c.T, 1.5, c.B, c.T, c.G * c.PerGroup, c.E), Check.Normal(c.S + 1, 1, c.B, c.S, c.G, c.E), Check.Normal(c.E + 2, 1, c.B, c.S, c.G, c.E)];
        var kept = zeros(new long[] { c.B, c.G * c.PerGroup, c.T }, ScalarType.Int32);
        var expectedKept = zeros_like(kept);
        double margin = double.PositiveInfinity;
        Composed(Array.ConvertAll(inputs, t => t.to(float64)), c, documents, expectedKept, ref margin);
        if (margin < 2e-5) return false;
        Check.Agree(
            v => Apply(v[0], v[1], v[2], c.Kind, c.R, c.Active, c.Correction, c.Softcap, c.Window, c.S - c.T, documents, kept),
            v => Composed(v, c, documents, null, ref margin), inputs, 1e-5, floor: 1);
        Assert.Equal(expectedKept.data<int>().ToArray(), kept.data<int>().ToArray());
        return true;
    }

    private static Tensor Composed(Tensor[] qkv, Case c, Tensor? documents, Tensor? kept, ref double margin)
    {
        using var scope = NewDisposeScope();
        int r = c.Kind == AttentionKind.Spark ? c.R : c.E;
        var q_BHTE = qkv[0].transpose(1, 2);
        Tensor PerHead(Tensor x) => x.transpose(1, 2).repeat_interleave(c.PerGroup, 1);
        Tensor k_BHSE = PerHead(qkv[1]), v_BHSE = PerHead(qkv[2]);
        Tensor Scores(long from, long width) => einsum("bhte,bhse->bhts", q_BHTE.narrow(-1, from, width), k_BHSE.narrow(-1, from, width));
        var a = Scores(0, r);
        if (c.Softcap is { } cap) a = (a / cap).tanh() * cap;

        var distance_TS = arange(c.S - c.T, c.S).unsqueeze(1) - arange(c.S).unsqueeze(0);
        var visible = distance_TS.ge(0).logical_and(distance_TS.lt(c.Window ?? int.MaxValue)).expand(c.B, 1, c.T, c.S);
        if (documents is not null)
            visible = visible.logical_and(documents.narrow(1, c.S - c.T, c.T).unsqueeze(2).eq(documents.unsqueeze(1)).unsqueeze(1));
        var keep = visible.expand_as(a);
        if (c.Kind != AttentionKind.Dense)
        {
            var n = visible.sum(new long[] { -1 }, keepdim: true).to(float64);
            var hidden = visible.logical_not();
            var mean = a.detach().masked_fill(hidden, 0).sum(new long[] { -1 }, keepdim: true) / n;
            var spread = (a.detach() - mean).masked_fill(hidden, 0).square().sum(new long[] { -1 }, keepdim: true) / (n - c.Correction).clamp_min(1);
            var theta = mean + spread.sqrt() * -special.ndtri((c.Active / n).clamp_max(0.999999));
            var cut = minimum(theta, a.detach().masked_fill(hidden, double.NegativeInfinity).amax([-1], keepdim: true)).masked_fill(n.le(c.Active), double.NegativeInfinity);
            keep = visible.logical_and(a.ge(cut));
            var distance = (a.detach() - theta).abs().masked_fill(hidden.logical_or(n.le(c.Active)), double.PositiveInfinity);
            margin = Math.Min(margin, distance.min().item<double>());
        }
        kept?.copy_(keep.sum(new long[] { -1 }));
        var w = a.masked_fill(keep.logical_not(), double.NegativeInfinity).softmax(-1);
        if (c.Kind == AttentionKind.Spark) w = w * nn.functional.softplus(Scores(r, c.E - r), threshold: 40);
        return einsum("bhts,bhse->bthe", w, v_BHSE).MoveToOuterDisposeScope();
    }

    private static Tensor Apply(
        Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionKind kind, int predictorDim, int active, int correction, double? softcap, int? window, int firstPosition,
        Tensor? documentIds_BS = null, Tensor? kept_BHT = null) =>
        AttentionKernel.Apply(q_BTHE, k_BSGE, v_BSGE,
            new() { Kind = kind, PredictorDim = predictorDim, Active = active, Correction = correction, Softcap = softcap, Window = window, FirstPosition = firstPosition }, documentIds_BS, kept_BHT);
}
