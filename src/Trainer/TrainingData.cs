using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>Opens the data of a run.</summary>
public static class TrainingData
{
    /// <summary>Opens the datasets and checks that they fit the model, the sequence length and the steps.</summary>
    /// <exception cref="DataException">A dataset cannot be read, was made by a tokenizer with more tokens than the model has, or all of them end before the run does.</exception>
    public static DataMixture Open(TrainConfig config)
    {
        var data = DataMixture.Open(config.Data);
        try
        {
            foreach (var (source, dataset) in data.Sources)
            {
                if (dataset.Tokenizer.VocabSize > config.Model.VocabSize)
                    throw new DataException(source.Folder, $"made by tokenizer {dataset.Tokenizer.Name} with {dataset.Tokenizer.VocabSize} tokens",
                        $"at most Model.VocabSize = {config.Model.VocabSize} tokens", $"prepare the data with another tokenizer, or set Model.VocabSize to at least {dataset.Tokenizer.VocabSize}");
                foreach (var split in (TokenSplit[])(config.Validation.EverySteps > 0 ? [dataset.Train, dataset.Validation] : [dataset.Train]))
                    if (split.Tokens <= config.Training.SeqLen)
                        throw new DataException(source.Folder, $"{split.Tokens} tokens in the {split.Name} split",
                            $"more than Training.SeqLen = {config.Training.SeqLen}", split == dataset.Validation
                                ? "prepare the data again with a larger --validation-fraction, set Validation.EverySteps to 0 to do without, or shorten SeqLen" : "prepare more data, or shorten SeqLen");
            }
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Lays out the samples of the run.</summary>
    /// <exception cref="DataException">The data may not be read often enough for all steps.</exception>
    public static TrainingSamples Samples(DataMixture data, TrainConfig config)
    {
        var samples = new TrainingSamples(data, config.Data, config.Training.SeqLen, (ulong)config.Run.Seed);
        long needed = config.Training.Steps * config.Training.SamplesPerStep();
        if (samples.Length is { } length && length < needed)
            throw new DataException("Data.Sources", $"{length * config.Training.SeqLen} tokens, as often as MaxEpochs lets them be read",
                $"{needed * config.Training.SeqLen} tokens, Training.Steps = {config.Training.Steps} of Training.GlobalBatchTokens = {config.Training.GlobalBatchTokens}", "raise MaxEpochs, add data, or train for fewer steps");
        return samples;
    }

    /// <summary>Starts reading a rank's training batches at the run's cursor.</summary>
    public static DataLoader Loader(TrainingSamples samples, TrainConfig config, ICollectives ranks, long nextSample)
    {
        var layout = BatchLayout.Of(config, ranks.WorldSize);
        return new(samples, layout.Rows, ranks.Rank, ranks.WorldSize, nextSample, layout.AccumulationSteps, config.Data.PrefetchBatches);
    }
}
