using SparkTrain.Kernels;
using SparkTrain.Model.Tests.Reference;

namespace SparkTrain.Model.Tests.Operators;

public sealed class AttentionOperatorTests
{
    private static readonly Gen<(int T, int S, int G, int M, int Half, int Active, int? Window, AttentionKind Kind, double? Cap, bool Documents, int Correction, ulong Seed)> Problems =
        from t in Gen.Int[1, 9] from earlier in Gen.Int[0, 6] from g in Gen.Int[1, 2] from m in Gen.Int[1, 3] from half in Gen.Int[1, 3]
        from active in Gen.Int[1, 8] from window in Gen.Int[1, 12] from hasWindow in Gen.Bool from kind in Gen.Enum<AttentionKind>()
        from cap in Gen.Bool from documents in Gen.Bool from correction in Gen.Int[0, 1] from seed in Gen.ULong
        select (t, t + earlier, g, m, half, active, hasWindow ? (int?)window : null, kind, cap ? (double?)2.0 : null, documents, correction, seed);

    [Fact]
    public void Equals_scalar_loops_for_any_shape() => Problems.Sample(p =>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(p.Seed);
        int E = 4 * p.Half;
        var (q, k, v) = Draw(generator, p.T, p.S, p.G, p.M, E);
        var documents_BS = p.Documents ? randint(0, 2, [2, p.S], ScalarType.Int64, generator: generator).cumsum(1) : null;
        var shape = new AttentionShape
        {
            Kind = p.Kind, PredictorDim = p.Kind == AttentionKind.Spark ? 2 * p.Half : 0, Active = p.Kind == AttentionKind.Dense ? 0 : p.Active,
            Correction = p.Correction, Softcap = p.Cap, Window = p.Window, FirstPosition = p.S - p.T,
        };
        var kept_BHT = zeros([2, p.G * p.M, p.T], ScalarType.Int32);
        var o_BTHE = KernelSet.For(CPU, q.dtype).Attention(q, k, v, shape, documents_BS, kept_BHT);
        var (expected, kept) = ScalarAttention.Run(q, k, v, shape, documents_BS);
        Assert.Equal(kept, kept_BHT.data<int>().ToArray());
        Deviation.AssertWithin(1e-12, Deviation.Largest(o_BTHE, tensor(expected, ScalarType.Float64).view(o_BTHE.shape)), "output");
    }, iter: 200);

    [Theory, InlineData(null), InlineData(6)]
    public void Blocks_of_queries_give_the_values_gradients_and_counts_of_one_piece(int? window)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var (q, k, v) = Draw(generator, 13, 17, 2, 2, 4);
        var documents_BS = randint(0, 2, [2, 17], ScalarType.Int64, generator: generator).cumsum(1).div(4, RoundingMode.floor);
        var shape = new AttentionShape { Kind = AttentionKind.Spark, PredictorDim = 2, Active = 3, Correction = 1, Window = window, FirstPosition = 4 };
        var (whole, pieces) = (Run(1 << 20), Run(5 * 2 * 4 * 17));
        for (int i = 0; i < whole.Length; i++) Deviation.AssertWithin(1e-12, Deviation.Largest(pieces[i], whole[i]), $"tensor {i}");

        Tensor[] Run(long scoresOfBlock)
        {
            Tensor[] leaves = [.. new[] { q, k, v }.Select(t => t.clone().requires_grad_())];
            var kept_BHT = zeros([2, 4, 13], ScalarType.Int32);
            var o = BlockedAttention.Apply(leaves[0], leaves[1], leaves[2], shape, documents_BS, kept_BHT, scoresOfBlock: scoresOfBlock);
            o.square().sum().backward();
            KernelFailure.ThrowIfAny();
            return [o, kept_BHT, .. leaves.Select(t => t.grad!)];
        }
    }

    [Fact]
    public void Matches_the_vector_worked_out_by_hand()
    {
        // spec section 3.7: no scale, no soft cap, no rotation; tokens 3 and 5 are kept.
        using var scope = NewDisposeScope();
        var q = tensor(new[] { 1, .5, -.25, .8 }, ScalarType.Float64).view(1, 1, 1, 4);
        var k = tensor(new[] { -1.5, 0, 1.5, -.5, -.5, 1, -1, .5, .5, -1.5, 0, 1.5, 1.5, -.5, 1, -1, -1, .5, -1.5, 0, 0, 1.5, -.5, 1 }, ScalarType.Float64).view(1, 6, 1, 4);
        var v = tensor(new[] { -1, 0, 1, -.5, -.5, .5, -1, 0, 0, 1, -.5, .5, .5, -1, 0, 1, 1, -.5, .5, -1, -1, 0, 1, -.5 }, ScalarType.Float64).view(1, 6, 1, 4);
        var shape = new AttentionShape { Kind = AttentionKind.Spark, PredictorDim = 2, Active = 2, Correction = 1, FirstPosition = 5 };
        var kept = zeros([1, 1, 1], ScalarType.Int32);
        var o = KernelSet.For(CPU, q.dtype).Attention(q, k, v, shape, null, kept);
        Assert.Equal(2, kept.item<int>());
        var expected = tensor(new[] { -.3819334321, -.1867742005, .4753205324, -.0508860657 }, ScalarType.Float64).view(1, 1, 1, 4);
        Deviation.AssertWithin(1e-10, Deviation.Largest(o, expected), "out");
    }

    [Theory, InlineData(AttentionKind.Spark), InlineData(AttentionKind.Topk)]
    public void Rows_with_no_more_than_k_keys_keep_all_of_them(AttentionKind kind)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var (q, k, v) = Draw(generator, 12, 12, 1, 2, 4);
        var shape = new AttentionShape { Kind = kind, PredictorDim = kind == AttentionKind.Spark ? 2 : 0, Active = 7, Correction = 1 };
        var kept_BHT = zeros([2, 2, 12], ScalarType.Int32);
        var o_BTHE = KernelSet.For(CPU, q.dtype).Attention(q, k, v, shape, null, kept_BHT);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], kept_BHT[0, 0][..7].data<int>().ToArray());

        var all = KernelSet.For(CPU, q.dtype).Attention(q, k, v, shape with { Active = 12 }, null);
        Assert.True(o_BTHE[.., ..7].eq(all[.., ..7]).all().item<bool>());
        Assert.False(o_BTHE[.., 7..].eq(all[.., 7..]).all().item<bool>());
    }

    [Fact]
    public void Keys_that_are_computed_with_are_the_kept_ones_where_they_are_few_else_all_that_the_window_shows()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var (q, k, v) = Draw(generator, 128, 128, 1, 1, 4, ScalarType.Float32);
        int[] visible = [.. Enumerable.Range(1, 128).Select(n => Math.Min(n, 100))];
        Assert.Equal(visible, Touched(AttentionKind.Dense, 0, fused: true).Touched);
        Assert.Equal(visible, Touched(AttentionKind.Topk, 8, fused: false).Touched);
        var (touched, kept) = Touched(AttentionKind.Topk, 8, fused: true);
        Assert.Equal(kept[64..], touched[64..]);
        // Queries 24 to 31 keep most of what they see, so their products are dense.
        Assert.Equal(visible[24..32], Touched(AttentionKind.Topk, 24, fused: true).Touched[24..32]);

        (int[] Touched, int[] Kept) Touched(AttentionKind kind, int active, bool fused)
        {
            Tensor kept_BHT = zeros([2, 1, 128], ScalarType.Int32), touched_BHT = zeros([2, 1, 128], ScalarType.Int32);
            var shape = new AttentionShape { Kind = kind, Active = active, Correction = 1, Window = 100 };
            if (fused) KernelSet.Cpu.Attention(q, k, v, shape, null, kept_BHT, touched_BHT);
            else BlockedAttention.Apply(q, k, v, shape, null, kept_BHT, touched_BHT, scoresOfBlock: 2 * 128 * 50);
            return (touched_BHT[1, 0].data<int>().ToArray(), kept_BHT[1, 0].data<int>().ToArray());
        }
    }

    [Fact]
    public void Equal_scores_are_all_kept_and_gradients_stay_finite()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var (q, _, v) = Draw(generator, 20, 20, 1, 1, 4, ScalarType.Float32);
        using var k = full([2, 20, 1, 4], 0.3, ScalarType.Float32).requires_grad_();
        var kept_BHT = zeros([2, 1, 20], ScalarType.Int32);
        var shape = new AttentionShape { Kind = AttentionKind.Spark, PredictorDim = 2, Active = 3, Correction = 1, Softcap = 50 };
        var o = KernelSet.For(CPU, q.dtype).Attention(q, k, v, shape, null, kept_BHT);
        o.sum().backward();
        Assert.Equal(Enumerable.Range(1, 20), kept_BHT[0, 0].data<int>().ToArray());
        Assert.True(o.isfinite().all().item<bool>() && k.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_threshold_above_every_score_keeps_the_largest_and_nothing_of_the_future()
    {
        // spec section 3.4: half of the scores +1, half −1; θ = 1.53 would keep none.
        using var scope = NewDisposeScope();
        var k = (arange(4096).remainder(2) * 2 - 1).to(ScalarType.Float32).view(1, 4096, 1, 1).expand(1, 4096, 1, 2).contiguous();
        var q = tensor(new float[] { 1, 0 }).view(1, 1, 1, 2);
        var v = arange(4096, ScalarType.Float32).view(1, 4096, 1, 1).expand(1, 4096, 1, 2).contiguous();
        var kept = zeros([1, 1, 1], ScalarType.Int32);
        var shape = new AttentionShape { Kind = AttentionKind.Topk, Active = 128, Correction = 1, FirstPosition = 2047 };
        var o = KernelSet.For(CPU, q.dtype).Attention(q, k, v, shape, null, kept);
        Assert.Equal(1024, kept.item<int>());
        Assert.Equal(1024f, o[0, 0, 0, 0].item<float>(), 1e-2f); // the mean of 1, 3, 5 … 2047
    }

    private static (Tensor Q, Tensor K, Tensor V) Draw(Generator generator, int T, int S, int G, int M, int E, ScalarType dtype = ScalarType.Float64) =>
        (randn([2, T, G * M, E], dtype, generator: generator), randn([2, S, G, E], dtype, generator: generator), randn([2, S, G, E], dtype, generator: generator));
}
