namespace SparkTrain.ModelFormat.Tests;

public sealed class Gemma2FormTests
{
    private static readonly AttentionConfig Attention = Shapes.Gemma2B.Attention;

    /// <summary>A model, the key that Hugging Face's Gemma-2 does not allow, and the one that llama.cpp's does not.</summary>
    public static TheoryData<string, string?, string?> Models() => new()
    {
        { "the paper's baseline", null, null },
        { "the paper's Spark Transformer", "Model.Ffn.Kind", "Model.Ffn.Kind" },
        { "ReLU", "Model.Ffn.Kind", "Model.Ffn.Kind" },
        { "dense FFN, Spark attention", "Model.Attention.Kind", "Model.Attention.Kind" },
        { "one layer of top-k", "Model.Ffn.Except", "Model.Ffn.Except" },
        { "one wider layer", "Model.Ffn.Except", "Model.Ffn.Except" },
        { "dense but for one layer's attention", "Model.Attention.Except", "Model.Attention.Except" },
        { "all layers global", null, "Model.Attention.Layers" },
        { "no cap on scores", null, "Model.Attention.LogitSoftcap" },
        { "no cap on logits", null, "Model.FinalLogitSoftcap" },
        { "another scale", null, "Model.Attention.QueryPreAttnScalar" },
        { "a scale that is not whole", "Model.Attention.QueryPreAttnScalar", "Model.Attention.QueryPreAttnScalar" },
        { "heads that do not divide the width", null, null },
        { "27B: 46 layers, width 4608, 32 heads of 128, scale 144", null, null },
        { "46 layers with the scale of the head", null, "Model.Attention.QueryPreAttnScalar" },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void The_key_that_stands_in_the_way_is_named(string model, string? huggingFace, string? llamaCpp)
    {
        var config = Model(model);
        Assert.Equal((huggingFace, llamaCpp), (Gemma2Form.Problem(config)?.Key, Gemma2Form.LlamaCppProblem(config)?.Key));
        Assert.Equal(huggingFace is null or "Model.Attention.QueryPreAttnScalar", Gemma2Form.IsDense(config));
    }

    [Fact]
    public void Heads_that_do_not_divide_the_width_are_warned_of()
    {
        Assert.Null(Gemma2Form.Warning(Model("the paper's baseline")));
        Assert.StartsWith("the width 2304 (hidden_size) is no multiple of the 10 heads (num_attention_heads): transformers 5.24 refuses", Gemma2Form.Warning(Model("heads that do not divide the width")), StringComparison.Ordinal);
    }

    private static ModelConfig Model(string name)
    {
        var dense = Shapes.Gemma2B;
        var large = dense with { NumLayers = 46, DModel = 4608, Attention = Attention with { NumHeads = 32, NumKvHeads = 16, HeadDim = 128 } };
        return name switch
        {
            "the paper's baseline" => dense,
            "the paper's Spark Transformer" => Shapes.Spark2B,
            "ReLU" => dense with { Ffn = dense.Ffn with { Kind = FfnKind.GatedRelu } },
            "dense FFN, Spark attention" => dense with { Attention = Shapes.Spark2B.Attention },
            "one layer of top-k" => dense with { Ffn = dense.Ffn with { Except = [new() { FirstLayer = 3, LastLayer = 3, Kind = FfnKind.GatedTopk, Active = 9 }] } },
            "one wider layer" => dense with { Ffn = dense.Ffn with { Except = [new() { FirstLayer = 3, LastLayer = 3, Kind = FfnKind.Gated, DFf = 99 }] } },
            "dense but for one layer's attention" => dense with { Attention = Attention with { Except = [new() { FirstLayer = 25, LastLayer = 25, Kind = AttentionKind.Topk, Active = 9 }] } },
            "all layers global" => dense with { Attention = Attention with { Layers = [.. Enumerable.Repeat(AttentionSpan.Global, 26)] } },
            "no cap on scores" => dense with { Attention = Attention with { LogitSoftcap = null } },
            "no cap on logits" => dense with { FinalLogitSoftcap = null },
            "another scale" => dense with { Attention = Attention with { QueryPreAttnScalar = 144 } },
            "a scale that is not whole" => dense with { Attention = Attention with { QueryPreAttnScalar = 144.5 } },
            "heads that do not divide the width" => dense with { Attention = Attention with { NumHeads = 10, NumKvHeads = 5 } },
            "27B: 46 layers, width 4608, 32 heads of 128, scale 144" => large with { Attention = large.Attention with { QueryPreAttnScalar = 144 } },
            _ => large,
        };
    }
}
