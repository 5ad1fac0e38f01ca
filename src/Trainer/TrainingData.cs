using SparkTrain.Data;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>Opens the data of a run.</summary>
public static class TrainingData
{
    /// <summary>Opens the dataset and checks that it fits the model and the sequence length.</summary>
    /// <exception cref="DataException">The dataset cannot be read, or was made by a tokenizer with more tokens than the model has.</exception>
    public static TokenDataset Open(TrainConfig config)
    {
        var data = config.Data.Open();
        try
        {
            if (data.Tokenizer.VocabSize > config.Model.VocabSize)
                throw new DataException(config.Data.Folder, $"made by tokenizer {data.Tokenizer.Name} with {data.Tokenizer.VocabSize} tokens",
                    $"at most Model.VocabSize = {config.Model.VocabSize} tokens", $"prepare the data with another tokenizer, or set Model.VocabSize to at least {data.Tokenizer.VocabSize}");
            foreach (var split in (TokenSplit[])(config.Validation.EverySteps > 0 ? [data.Train, data.Validation] : [data.Train]))
                if (split.Tokens <= config.Training.SeqLen)
                    throw new DataException(config.Data.Folder, $"{split.Tokens} tokens in the {split.Name} split",
                        $"more than Training.SeqLen = {config.Training.SeqLen}", "prepare more data, or shorten SeqLen");
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Starts reading a rank's training batches at the run's cursor.</summary>
    public static DataLoader Loader(TokenDataset data, TrainConfig config, ICollectives ranks, long nextSample) =>
        new(data.Train, config.Training.SeqLen, (ulong)config.Run.Seed, config.Training.MicroBatch, ranks.Rank, ranks.WorldSize, nextSample, config.Training.AccumulationSteps(ranks.WorldSize), config.Data.PrefetchBatches, config.Data.MaskDocuments);
}
