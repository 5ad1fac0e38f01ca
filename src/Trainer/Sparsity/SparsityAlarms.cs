using System.Globalization;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>Tells when a layer's sparsity has been beyond a limit for several looks in a row; once, until it has been within it again.</summary>
public sealed class SparsityAlarms(ModelConfig model, SparsityConfig config)
{
    private readonly Dictionary<(string Limit, int Layer), int> beyond = [];

    /// <summary>Returns what has just become an alarm, for people.</summary>
    /// <param name="activeFraction">Share of active neurons of each layer in the step.</param>
    /// <param name="metrics">What the look has found.</param>
    public IReadOnlyList<string> Of(IReadOnlyList<double> activeFraction, SparsityMetrics metrics)
    {
        var alarms = new List<string>();
        for (int layer = 0; layer < model.NumLayers; layer++)
        {
            var ffn = model.Ffn.Of(layer);
            double target = (double)ffn.Active / ffn.DFf;
            if (ffn.HasTopk() && ffn.Active < ffn.DFf)
                Check(nameof(config.MaxDrift), Math.Abs(activeFraction[layer] - target) > config.MaxDrift * target, $"{activeFraction[layer]:P1} of the neurons are active, {target:P1} are aimed at (MaxDrift {config.MaxDrift})");
            if (ffn.Kind.Traits().LeavesNeuronsOut)
                Check(nameof(config.MaxDeadFraction), metrics.FfnDeadFraction[layer] > config.MaxDeadFraction, $"{metrics.FfnDeadFraction[layer]:P1} of the neurons are dead (MaxDeadFraction {config.MaxDeadFraction})");
            Check("neurons " + nameof(config.MinPredictorRecall), metrics.Ffn.PredictorRecall[layer] < config.MinPredictorRecall, $"the predictor keeps {metrics.Ffn.PredictorRecall[layer]:P1} of the neurons that would weigh most (MinPredictorRecall {config.MinPredictorRecall})");
            Check("keys " + nameof(config.MinPredictorRecall), metrics.Attention.PredictorRecall[layer] < config.MinPredictorRecall, $"the predictor keeps {metrics.Attention.PredictorRecall[layer]:P1} of the keys that would weigh most (MinPredictorRecall {config.MinPredictorRecall})");

            void Check(string limit, bool isBeyond, FormattableString found)
            {
                int times = beyond[(limit, layer)] = isBeyond ? beyond.GetValueOrDefault((limit, layer)) + 1 : 0;
                if (times == config.Patience) alarms.Add($"layer {layer}: {found.ToString(CultureInfo.InvariantCulture)}");
            }
        }
        return alarms;
    }
}
