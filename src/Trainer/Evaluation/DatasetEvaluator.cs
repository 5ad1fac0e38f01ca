using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Model;
using SparkTrain.Tokenizers;

namespace SparkTrain.Trainer;

/// <summary>What a model loses on a dataset.</summary>
/// <param name="Name">The dataset's name.</param>
/// <param name="Loss">Its losses.</param>
/// <param name="Bytes">UTF-8 bytes that the targets stand for.</param>
public sealed record DatasetLoss(string Name, LossByContext Loss, double Bytes)
{
    /// <summary>Targets.</summary>
    public long Targets => Loss.Total.Targets;

    /// <summary>Cross-entropy, nats per target.</summary>
    public double Nats => Loss.Total.Nats / Targets;

    /// <summary>e to the cross-entropy.</summary>
    public double Perplexity => Math.Exp(Nats);

    /// <summary>Bits per byte of text.</summary>
    public double BitsPerByte => Loss.Total.Nats / Math.Log(2) / Bytes;
}

/// <summary>Computes losses on the validation splits of datasets, as training does: samples of equal length in order, attention and targets within documents.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="tokenizerFolder">Where that lies.</param>
/// <param name="seqLen">Tokens of a sample.</param>
/// <param name="rowsPerBatch">Samples side by side.</param>
public sealed class DatasetEvaluator(Transformer model, ITokenizer tokenizer, string tokenizerFolder, int seqLen, int rowsPerBatch)
{
    /// <summary>The same for a model with its tokenizer.</summary>
    public DatasetEvaluator(TrainedModel trained, int seqLen, int rowsPerBatch) : this(trained.Model, trained.Tokenizer, trained.TokenizerFolder, seqLen, rowsPerBatch) { }

    /// <summary>Evaluates a dataset on at most so many targets, from its beginning.</summary>
    /// <param name="source">Its name and folder.</param>
    /// <param name="maxTokens">Targets at most.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="DataException">The dataset is missing, damaged, too short, or of another tokenizer.</exception>
    public DatasetLoss Run(DataSourceConfig source, long maxTokens, CancellationToken cancellation = default)
    {
        using var data = DataMixture.Open(new() { Sources = [source] });
        if (data.Tokenizer.Hash != tokenizer.Hash)
            throw new DataException(source.Folder, $"it was made by tokenizer {data.Tokenizer.Name}", $"the model's own, {tokenizer.Name}", $"prepare it again with --tokenizer {tokenizerFolder}");
        var (losses, bytes) = (new LossByContext(), 0.0);
        foreach (var (_, batch) in new ValidationBatches(data, seqLen, rowsPerBatch, maxTokens))
        {
            cancellation.ThrowIfCancellationRequested();
            Add(batch, losses);
            bytes += batch.TargetBytes;
        }
        return new(source.Name, losses, bytes);
    }

    private void Add(TokenBatch batch, LossByContext losses)
    {
        float[] logProbs = BatchLoss.LogProbs(model, batch, model.Options.Device);
        for (int row = 0; row < batch.Rows; row++)
            for (int t = 1, context = 1; t < batch.Columns; t++)
            {
                int at = row * batch.Columns + t;
                bool isTarget = batch.DocumentIds[at] == batch.DocumentIds[at - 1];
                if (isTarget) losses.Add(context, -(double)logProbs[row * seqLen + t - 1]);
                context = isTarget ? context + 1 : 1;
            }
    }
}
