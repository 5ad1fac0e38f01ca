namespace SparkTrain.Model;

/// <summary>Token embedding, x = √d_model · E[token], or x = E[token] where the model does not scale it. A tied head uses the same table E, unscaled.</summary>
public sealed class TokenEmbedding : nn.Module<Tensor, Tensor>
{
    // Shapes: B batch, T position, D model, V vocabulary.

    private readonly Parameter table_VD;
    private readonly Scalar scale;

    /// <summary>Creates the embedding with a table that is yet to be filled.</summary>
    public TokenEmbedding(ModelConfig config, ComputeOptions options) : base(nameof(TokenEmbedding))
    {
        table_VD = new Parameter(empty(config.VocabSize, config.DModel, options.MasterDtype, options.Device));
        scale = config.Embedding.ScaleByRootD ? Math.Sqrt(config.DModel) : 1;
        register_parameter("weight", table_VD);
    }

    /// <summary>E, [V, D].</summary>
    public Parameter Table_VD => table_VD;

    /// <summary>Returns x [B, T, D] of int64 token ids.</summary>
    public override Tensor forward(Tensor tokens_BT)
    {
        using var scope = NewDisposeScope();
        // TorchSharp has no functional embedding; index_select over the flat ids is the same.
        var x_BTD = table_VD.index_select(0, tokens_BT.flatten()).view(tokens_BT.size(0), tokens_BT.size(1), -1) * scale;
        return x_BTD.MoveToOuterDisposeScope();
    }
}
