using SparkTrain.Model.Tests.Reference;

namespace SparkTrain.Model.Tests;

public sealed class KeyValueCacheTests : IClassFixture<OneThread>
{
    // A score that lies within rounding of its threshold may fall on either side of it; in float64 that takes scores that the soft cap has made equal.
    private const int MostBorderline = 3;

    [Theory]
    // Layer 0 sees 5 keys, layer 1 all; each of its keys and values has 1 head of 4 numbers of 4 bytes.
    [InlineData(20, 3 * (5 + 20) * 2 * 4 * 4)]
    [InlineData(5, 3 * (5 + 5) * 2 * 4 * 4)]
    [InlineData(4, 3 * (4 + 4) * 2 * 4 * 4)]
    public void Local_layers_hold_their_window_only(int capacity, long bytes)
    {
        using var cache = new KeyValueCache(TinyConfigs.Spark, batch: 3, capacity, new());
        Assert.Equal(bytes, cache.Bytes);
        using var wide = new KeyValueCache(TinyConfigs.Spark, batch: 3, capacity, new() { Dtype = ScalarType.Float64 });
        Assert.Equal(2 * bytes, wide.Bytes);
    }

    [Fact]
    public void Sequences_of_any_lengths_in_pieces_of_any_size_side_by_side_give_the_logits_of_whole_passes()
    {
        int borderline = 0;
        (from config in AnyModel.Config from first in AnyModel.Sequence(config) from second in AnyModel.Sequence(config) from third in AnyModel.Sequence(config) from seed in Gen.Int[0, 1 << 30]
         select (config, rows: (long[][])[first.Tokens, second.Tokens, third.Tokens], seed)).Sample(p =>
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var sparsity = new SparsitySink(p.config.NumLayers);
            using var model = TinyConfigs.Model(p.config, ScalarType.Float64, sparsity, p.seed);
            Tensor[] whole_TV = [.. p.rows.Select(row => model.call(tensor(row).unsqueeze(0), null)[0])];
            long kept = sparsity.Keys.Kept.Sum();
            sparsity.Reset();
            var decoded_TV = Decode(model, p.rows, new Random(p.seed));
            // Counts that differ say that some query keeps other keys than in the whole pass.
            if (sparsity.Keys.Kept.Sum() != kept && ++borderline <= MostBorderline) return;
            foreach (var (whole, decoded) in whole_TV.Zip(decoded_TV))
                Deviation.AssertWithin(1e-8 * Math.Max(1, whole.abs().max().item<double>()), Deviation.Largest(decoded, whole), $"{p.config}");
        }, iter: 60, threads: 1);
    }

    [Theory, MemberData(nameof(TransformerTests.Kinds), MemberType = typeof(TransformerTests))]
    public void Fused_kernels_decode_past_the_window_as_in_one_pass(FfnKind ffn, AttentionKind attention)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var config = TinyConfigs.Of(ffn, attention);
        using var model = TinyConfigs.Model(config);
        long[][] rows = [.. ((int[])[40, 33, 2, 64]).Select((length, i) => TinyConfigs.Tokens(config, 1, length, (ulong)i).data<long>().ToArray())];
        foreach (var (row, decoded_TV) in rows.Zip(Decode(model, rows, new Random(1))))
        {
            var whole_TV = model.call(tensor(row).unsqueeze(0), null)[0];
            Deviation.AssertWithin(Deviation.Rounding(config, whole_TV), Deviation.Largest(decoded_TV, whole_TV), $"{row.Length} tokens");
        }
    }

    [Fact]
    public void Rows_of_one_cache_and_caches_of_one_row_may_be_mixed()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        var tokens_BT = TinyConfigs.Tokens(model.Config, 3, 12);
        using var pair = new KeyValueCache(model.Config, 2, 12, model.Options);
        using var single = new KeyValueCache(model.Config, 1, 12, model.Options);
        using var all = new KeyValueCache(model.Config, 3, 12, model.Options);
        model.Decode(tokens_BT[..2, ..9], pair);
        model.Decode(tokens_BT[2.., ..9], single);
        model.Decode(tokens_BT[.., ..9], all);
        var mixed_BTV = model.Decode(tokens_BT[.., 9..], [pair, single]);
        var all_BTV = model.Decode(tokens_BT[.., 9..], all);
        Deviation.AssertWithin(Deviation.Rounding(model.Config, all_BTV), Deviation.Largest(mixed_BTV, all_BTV), "logits");
        Assert.Equal((12, 12, 12), (pair.Length, single.Length, all.Length));
        Assert.Contains("2 rows of tokens; expected 3, as the caches hold", Assert.ThrowsAny<ArgumentException>(() => model.Decode(tokens_BT[..2], [pair, single])).Message, StringComparison.Ordinal);
    }

    // Each row's first part alone, in random pieces; then all rows a token at a time, as long as they have any.
    private static Tensor[] Decode(Transformer model, long[][] rows, Random random)
    {
        var caches = rows.Select(row => new KeyValueCache(model.Config, 1, row.Length, model.Options)).ToArray();
        var parts = rows.Select(_ => new List<Tensor>()).ToArray();
        Tensor Piece(int row, int size) => tensor(rows[row].AsSpan(caches[row].Length, size).ToArray()).unsqueeze(0);
        for (int row = 0; row < rows.Length; row++)
            for (int prompt = random.Next(rows[row].Length / 2, rows[row].Length + 1); caches[row].Length < prompt;)
                parts[row].Add(model.Decode(Piece(row, random.Next(1, prompt - caches[row].Length + 1)), caches[row])[0]);
        while (true)
        {
            int[] running = [.. Enumerable.Range(0, rows.Length).Where(row => caches[row].Length < rows[row].Length)];
            if (running.Length == 0) break;
            var logits_RTV = model.Decode(cat([.. running.Select(row => Piece(row, 1))], 0), [.. running.Select(row => caches[row])]);
            foreach (var (i, row) in running.Index()) parts[row].Add(logits_RTV[i]);
        }
        foreach (var cache in caches) cache.Dispose();
        return [.. parts.Select(p => cat(p, 0))];
    }
}
