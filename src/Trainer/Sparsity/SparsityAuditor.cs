using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;

namespace SparkTrain.Trainer;

/// <summary>
/// Runs some samples of a step through the model once more, behind the update and without gradients, and looks at every score. The samples follow from the step alone, so any number of ranks finds the same.
/// </summary>
public sealed class SparsityAuditor(Transformer model, TrainingSamples samples, TrainConfig config, ICollectives ranks)
{
    private readonly Queue<(double Tokens, double[][] Uses)> window = new();

    /// <summary>Looks, and returns what the ranks have found together. All ranks call it.</summary>
    /// <param name="firstSample">Global index of the first sample to look at.</param>
    public SparsityMetrics Run(long firstSample)
    {
        var audit = model.Options.Audit ?? throw new InvalidOperationException("the model was built without an audit");
        audit.Clear();
        audit.IsRecording = true;
        if (model.Options.Sparsity is { } sparsity) sparsity.IsRecording = false;
        try
        {
            long count = Math.Min(config.Sparsity.AuditSamples, config.Training.SamplesPerStep());
            for (long i = ranks.Rank; i < count; i += ranks.WorldSize) model.Observe(samples, firstSample + i);
        }
        finally
        {
            audit.IsRecording = false;
        }
        double[] numbers = audit.ToNumbers();
        ranks.AllReduceSum(numbers);
        audit.Set(numbers);
        return Describe(audit);
    }

    private SparsityMetrics Describe(SparsityAudit audit)
    {
        window.Enqueue((audit.Tokens, [.. audit.NeuronUses.Select(uses => (double[])uses.Clone())]));
        if (window.Count > config.Sparsity.Window) window.Dequeue();
        double tokens = window.Sum(w => w.Tokens);
        double[][] uses_LF = [.. audit.NeuronUses.Select((uses, layer) => uses.Select((_, neuron) => window.Sum(w => w.Uses[layer][neuron])).ToArray())];
        double[] Share(Func<double, bool> isSuch) => [.. uses_LF.Select(uses_F => (double)uses_F.Count(isSuch) / uses_F.Length)];
        return new()
        {
            Tokens = (long)audit.Tokens,
            Ffn = ScoreMetrics.Of(audit.Ffn),
            Attention = ScoreMetrics.Of(audit.Attention),
            FfnDeadFraction = Share(uses => uses == 0),
            FfnAlwaysActiveFraction = Share(uses => uses == tokens),
        };
    }
}
