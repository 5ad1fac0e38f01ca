using System.ComponentModel.DataAnnotations;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>When and on how much the validation loss is computed.</summary>
public sealed record ValidationConfig
{
    /// <summary>Steps between validations; the first and the last step are always validated. 0 turns validation off.</summary>
    [Range(0, 1_000_000_000)]
    public long EverySteps { get; init; } = 500;

    /// <summary>Tokens of the validation split that are read, from its beginning; fewer where the split is smaller.</summary>
    [Range(1L, 1_000_000_000_000L)]
    public long Tokens { get; init; } = 262_144;
}

/// <summary>Computes the loss on the beginning of the validation splits, the same tokens every time.</summary>
public sealed class Validator(Transformer model, DataMixture data, TrainConfig config, ICollectives ranks)
{
    /// <summary>Returns the summed loss over the ranks, of all sources and of each; each rank reads its share of the batches. The sums are in the order of the batches, whatever the number of ranks.</summary>
    public (LossTotals All, IReadOnlyList<LossTotals> BySource) Run()
    {
        using var noGrad = no_grad();
        if (model.Options.Sparsity is { } sparsity) sparsity.IsRecording = false;
        var batches = new ValidationBatches(data, config.Training.SeqLen, BatchLayout.ValidationRows(config), config.Validation.Tokens, ranks.Rank, ranks.WorldSize, config.Data.MaskDocuments);
        var sums = new StepSums(batches.Count, parameters: 0);
        foreach (var (index, batch) in batches)
        {
            using var scope = NewDisposeScope();
            var loss = BatchLoss.Of(model, batch, model.Options.Device);
            sums.Set(index, new(loss.Nats.item<float>(), loss.Targets, batch.TargetBytes));
        }
        sums.AllReduce(ranks, stop: false, partDone: false);
        return (sums.Loss, [.. data.Sources.Select((_, source) => sums.LossOf(batches.BatchesOf(source)))]);
    }
}
