using SparkTrain.Data;
using SparkTrain.Kernels;
using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Computes the loss of a batch of samples.</summary>
public static class BatchLoss
{
    /// <summary>Returns the summed cross-entropy of a batch. A sample's first SeqLen tokens are read, its last SeqLen predicted, but none across a document border.</summary>
    public static LossSum Of(Transformer model, TokenBatch batch, Device device)
    {
        using var scope = NewDisposeScope();
        var (inputs, targets, documents) = Shift(batch, device);
        var (nats, count) = model.Loss(inputs, targets, documents);
        return new(nats.MoveToOuterDisposeScope(), count);
    }

    /// <summary>Returns the natural-log probability of every target of a batch, row-major [Rows, SeqLen]; 0 where there is none, across a document border.</summary>
    public static float[] LogProbs(Transformer model, TokenBatch batch, Device device)
    {
        using var scope = NewDisposeScope();
        var (inputs, targets, documents) = Shift(batch, device);
        return [.. model.LogProbs(inputs, targets, documents).to(ScalarType.Float32, CPU).data<float>()];
    }

    private static (Tensor Inputs, Tensor Targets, Tensor Documents) Shift(TokenBatch batch, Device device)
    {
        var tokens = tensor(batch.Tokens, [batch.Rows, batch.Columns], ScalarType.Int64, device);
        var documents = tensor(batch.DocumentIds, [batch.Rows, batch.Columns], ScalarType.Int64, device);
        var (inputs, inputDocuments) = (tokens[.., ..^1], documents[.., ..^1]);
        var targets = tokens[.., 1..].masked_fill(documents[.., 1..].ne(inputDocuments), ComposedCrossEntropy.Ignored);
        return (inputs.contiguous(), targets, inputDocuments.contiguous());
    }
}

/// <summary>Sums of losses over batches and ranks.</summary>
/// <param name="Nats">Summed cross-entropy in nats.</param>
/// <param name="Targets">Number of targets.</param>
/// <param name="Bytes">Bytes of text that the targets stand for.</param>
public readonly record struct LossTotals(double Nats, double Targets, double Bytes)
{
    /// <summary>Bits per byte of text.</summary>
    public double BitsPerByte => Nats / Math.Log(2) / Bytes;

    /// <summary>Adds two sums.</summary>
    public static LossTotals operator +(LossTotals a, LossTotals b) => new(a.Nats + b.Nats, a.Targets + b.Targets, a.Bytes + b.Bytes);
}
