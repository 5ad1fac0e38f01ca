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

/// <summary>Computes the loss on the beginning of the validation split, the same tokens every time.</summary>
public sealed class Validator(SparkTransformer model, TokenSplit split, TrainConfig config, ICollectives ranks)
{
    /// <summary>Returns the summed loss over the ranks; each rank reads its share of the batches.</summary>
    public LossTotals Run()
    {
        using var noGrad = no_grad();
        if (model.Options.Sparsity is { } sparsity) sparsity.IsRecording = false;
        var total = new LossTotals();
        foreach (var batch in new ValidationBatches(split, config.Training.SeqLen, config.Training.MicroBatch, config.Validation.Tokens, ranks.Rank, ranks.WorldSize, config.Data.MaskDocuments))
        {
            using var scope = NewDisposeScope();
            var loss = BatchLoss.Of(model, batch, model.Options.Device);
            total += new LossTotals(loss.Nats.item<float>(), loss.Targets, batch.TargetBytes);
        }
        return total.AllReduce(ranks);
    }
}
