using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Measures E[q qᵀ] of the inputs q of every layer's FFN on text.</summary>
public static class FfnInputMoments
{
    /// <summary>Runs samples through a model and returns a matrix [D, D] for each layer, which the caller frees.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Where the text comes from.</param>
    /// <param name="count">Samples, from the first.</param>
    /// <exception cref="DataException">A shard is damaged.</exception>
    public static IReadOnlyList<Tensor> Measure(Transformer model, TrainingSamples samples, int count)
    {
        using var noGradient = no_grad();
        int d = model.Config.DModel;
        Tensor[] moments_LDD = [.. Enumerable.Range(0, model.Config.NumLayers).Select(_ => zeros(d, d, ScalarType.Float64).DetachFromDisposeScope())];
        var hooks = model.named_modules().Where(m => m.name.EndsWith(".mlp", StringComparison.Ordinal)).Select((m, layer) =>
            ((nn.Module<Tensor, Tensor>)m.module).register_forward_pre_hook((_, q_BTD) =>
            {
                using var scope = NewDisposeScope();
                var q_ND = q_BTD.flatten(0, 1).to(ScalarType.Float64, CPU);
                moments_LDD[layer].add_(q_ND.t().mm(q_ND));
                return q_BTD;
            })).ToList();
        try
        {
            for (int i = 0; i < count; i++) model.Observe(samples, i);
        }
        finally
        {
            foreach (var hook in hooks) hook.remove();
        }
        foreach (var moments_DD in moments_LDD) moments_DD.div_((double)count * (samples.Columns - 1));
        return moments_LDD;
    }
}
