namespace SparkTrain.ModelFormat.Tests;

/// <summary>Numbers from the Gemma 2 report (Table 1) and the Spark paper (Table C.1, eq. 3-8).</summary>
public sealed class CountTests
{
    [Fact]
    public void Gemma_2_2b_has_the_parameters_of_its_report()
    {
        var count = ParameterCount.Of(Shapes.Gemma2B);
        Assert.Equal(2_024_517_888, count.NonEmbedding);
        Assert.Equal(256_000L * 2304, count.Embedding);
        Assert.Equal(26L * 14_155_776, count.Attention);
        Assert.Equal(26L * 63_700_992, count.Ffn);
    }

    [Fact]
    public void Spark_2b_has_as_many_parameters_as_its_baseline() => Assert.Equal(ParameterCount.Of(Shapes.Gemma2B), ParameterCount.Of(Shapes.Spark2B));

    [Fact]
    public void Spark_ffn_needs_36_of_127_mflop_a_layer()
    {
        Assert.Equal(127_401_984, FlopCount.Dense(Shapes.Spark2B, 8192).Ffn / 26, 0.5);
        Assert.Equal(36_239_360, FlopCount.Sparse(Shapes.Spark2B, 8192).Ffn / 26, 0.5);
    }

    [Fact]
    public void Table_c1_gives_245_and_103_mflop_a_layer()
    {
        Assert.Equal(245.4, FlopCount.PaperTable(Shapes.Gemma2B, 8192, sparse: false).Layers / 26 / 1e6, 0.05);
        Assert.Equal(245.4, FlopCount.PaperTable(Shapes.Spark2B, 8192, sparse: false).Layers / 26 / 1e6, 0.05);
        Assert.Equal(102.6, FlopCount.PaperTable(Shapes.Spark2B, 8192, sparse: true).Layers / 26 / 1e6, 0.05);
    }

    [Fact]
    public void True_dimensions_give_206_and_79_mflop_a_layer_and_twofold_with_the_head()
    {
        var dense = FlopCount.Dense(Shapes.Gemma2B, 8192);
        var sparse = FlopCount.Sparse(Shapes.Spark2B, 8192);
        Assert.Equal(206.0, dense.Layers / 26 / 1e6, 0.1);
        Assert.Equal(78.7, sparse.Layers / 26 / 1e6, 0.1);
        Assert.Equal(2.03, dense.Total / sparse.Total, 0.005);
    }

    [Theory]
    [InlineData(4, null, 2.5)]
    [InlineData(4, 2, 1.75)]
    [InlineData(4, 9, 2.5)]
    public void Mean_visible_keys_of_a_causal_sequence(int seqLen, int? window, double expected) =>
        Assert.Equal(expected, FlopCount.MeanVisibleKeys(seqLen, window), 1e-12);

    [Fact]
    public void A_training_pass_counts_predictor_scores_for_all_keys_and_the_rest_for_kept_ones()
    {
        var config = Shapes.Spark2B with { NumLayers = 2 };
        // 8 heads, 4 tokens: 2.5 keys seen on average, 2 kept: 2·128·2.5 scores, then 2·128·2 for K2 and 2·256·2 for V.
        Assert.Equal(2 * 8 * (2 * 128 * 2.5 + 2 * 128 * 2 + 2 * 256 * 2), FlopCount.Forward(config, 4, [2, 2]).AttentionDot, 1e-6);
        // Backwards two products each, over 2 keys: 2·(128 + 128 + 256)·2 a head and layer.
        Assert.Equal(2 * 8 * 2 * (2 * (128 + 128 + 256) * 2), FlopCount.Backward(config, 4, [2, 2]).AttentionDot, 1e-6);
        Assert.Equal(2 * FlopCount.Forward(config, 4, [2, 2]).Ffn, FlopCount.Backward(config, 4, [2, 2]).Ffn, 1e-6);
    }
}
