namespace SparkTrain.Model;

/// <summary>The feed-forward network of a block.</summary>
public abstract class FeedForward(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>Its weights.</summary>
    public abstract IReadOnlyList<(WeightRole Role, Parameter Weight)> Weights { get; }

    /// <summary>Creates the network of layer <paramref name="layer"/>, counted from 0.</summary>
    public static FeedForward Of(ModelConfig model, int layer, ComputeOptions options) =>
        model.Ffn.Of(layer).Kind.Traits().HasPredictor ? new SparkFfn(model, layer, options) : new GatedFfn(model, layer, options);
}
