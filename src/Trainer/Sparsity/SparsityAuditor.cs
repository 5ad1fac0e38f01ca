using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>
/// Runs some samples of a step through the model once more, behind the update and without gradients, and looks at every score. The samples follow from the step alone, so any number of ranks finds the same.
/// </summary>
public sealed class SparsityAuditor(SparkTransformer model, TrainingSamples samples, TrainConfig config, ICollectives ranks)
{
    private readonly Queue<(double Tokens, double[][] Uses)> window = new();

    /// <summary>Looks, and returns what the ranks have found together. All ranks call it.</summary>
    /// <param name="firstSample">Global index of the first sample to look at.</param>
    public SparsityMetrics Run(long firstSample)
    {
        var audit = model.Options.Audit ?? throw new InvalidOperationException("the model was built without an audit");
        audit.Clear();
        audit.IsRecording = true;
        bool wasCounting = model.Options.Sparsity is { IsRecording: true };
        if (model.Options.Sparsity is { } sink) sink.IsRecording = false;
        try
        {
            long count = Math.Min(config.Sparsity.AuditSamples, config.Training.SamplesPerStep());
            for (long i = ranks.Rank; i < count; i += ranks.WorldSize) Forward(firstSample + i);
        }
        finally
        {
            audit.IsRecording = false;
            if (model.Options.Sparsity is { } counting) counting.IsRecording = wasCounting;
        }
        double[] numbers = audit.ToNumbers();
        ranks.AllReduceSum(numbers);
        audit.Set(numbers);
        return Describe(audit);
    }

    private void Forward(long sample)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (tokens, documents) = (new int[samples.Columns], new int[samples.Columns]);
        samples.Read(sample, tokens, documents);
        // The last token is a target only.
        Tensor Row(int[] ids) => tensor(ids, [1, ids.Length], ScalarType.Int64, model.Options.Device)[.., ..^1];
        model.Observe(Row(tokens), config.Data.MaskDocuments ? Row(documents) : null);
    }

    private SparsityMetrics Describe(SparsityAudit audit)
    {
        window.Enqueue((audit.Tokens, [.. audit.NeuronUses.Select(uses => (double[])uses.Clone())]));
        if (window.Count > config.Sparsity.Window) window.Dequeue();
        double tokens = window.Sum(w => w.Tokens);
        double[] Share(Func<double, bool> isSuch) => [.. Enumerable.Range(0, audit.NeuronUses.Count).Select(layer =>
            Enumerable.Range(0, audit.NeuronUses[layer].Length).Count(neuron => isSuch(window.Sum(w => w.Uses[layer][neuron]))) / (double)audit.NeuronUses[layer].Length)];
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
