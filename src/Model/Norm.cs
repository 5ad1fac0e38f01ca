namespace SparkTrain.Model;

/// <summary>A norm over the width of the residual stream.</summary>
public abstract class Norm(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>The factors, [D].</summary>
    public abstract Parameter Weight { get; }

    /// <summary>Creates the norm that a model has, with weights that are yet to be filled.</summary>
    public static Norm Of(ModelConfig config, ComputeOptions options) => config.Norm.Kind switch
    {
        NormKind.RmsUnitOffset => new RmsNorm(config, options),
        _ => throw new ArgumentOutOfRangeException(nameof(config), config.Norm.Kind, "a kind of norm without code"),
    };
}
