using System.Globalization;
using SparkTrain.Configuration;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.DataViews;

/// <summary>The samples of a run: those of the training steps in their order, or those that every validation measures.</summary>
internal sealed class RunSamples : ISampleSource
{
    private readonly TrainConfig config;
    private readonly DataMixture data;
    private readonly TrainingSamples? training;
    private readonly ValidationBatches? validation;
    private readonly long samples;

    private RunSamples(TrainConfig config, DataMixture data, bool isValidation)
    {
        (this.config, this.data) = (config, data);
        if (isValidation) samples = (validation = new(data, config.Training.SeqLen, rowsPerBatch: 1, config.Validation.Tokens, maskDocuments: config.Data.MaskDocuments)).Count;
        else (training, samples) = (TrainingData.Samples(data, config), config.Training.Steps * config.Training.SamplesPerStep());
    }

    /// <summary>Opens the data of a run.</summary>
    /// <exception cref="DataException">They cannot be used.</exception>
    /// <exception cref="ConfigurationException">Samples of validation are wanted of a run that has none.</exception>
    public static RunSamples Open(TrainConfig config, bool isValidation)
    {
        if (isValidation && config.Validation.EverySteps == 0) throw new ConfigurationException("Validation.EverySteps is 0: the run validates nothing.");
        var data = TrainingData.Open(config);
        try
        {
            return new(config, data, isValidation);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Legend =>
    [
        validation is not null ? $"validation of run {config.Run.Name}: {samples} samples, each source's first ones, Concatenate"
            : $"run {config.Run.Name}: {config.Training.Steps} steps of {config.Training.SamplesPerStep()} samples, {config.Data.Packing}{(IsPadded ? $", long documents {config.Data.LongDocuments}" : "")}",
        $"tokens 0 to {config.Training.SeqLen - 1} are read, 1 to {config.Training.SeqLen} predicted; positions run on across documents",
        config.Data.MaskDocuments ? "attention stays inside a document; the first token of a document is no target" : "documents are not masked: attention and targets cross their borders",
        .. training is null ? [] : data.Sources.Select((_, source) => Share(training, source)),
    ];

    private string Share(TrainingSamples training, int source)
    {
        var (name, tokens, epochs) = training.Consumed(samples)[source];
        string share = string.Create(CultureInfo.InvariantCulture, $"{name}: {tokens / config.Training.SeqLen:N0} samples, {epochs:F2} epochs");
        if (training.Packed?[source] is not { } packed) return share;
        var (count, what) = config.Data.LongDocuments == LongDocuments.Cut ? (packed.CutDocuments, "cut") : (packed.DroppedDocuments, "left out");
        return string.Create(CultureInfo.InvariantCulture, $"{share}; an epoch has {100.0 * packed.Targets / (packed.Samples * config.Training.SeqLen):F1} % targets, {count:N0} {(count == 1 ? "document" : "documents")} {what}");
    }

    private bool IsPadded => training is not null && config.Data.Packing == Packing.BestFit;

    public IEnumerable<ShownSample> Read(long first, long count)
    {
        if (first >= samples)
            throw new DataException($"run {config.Run.Name}", validation is null ? $"its {config.Training.Steps} steps have {samples} samples" : $"a validation has {samples} samples", $"a sample from 0 to {samples - 1}", "choose another --from");
        return Samples(first, Math.Min(count, samples - first));
    }

    public void Dispose() => data.Dispose();

    private IEnumerable<ShownSample> Samples(long first, long count)
    {
        for (long index = first; index < first + count; index++)
        {
            var (tokens, documents, source, step) = training is null ? Validation((int)index) : Training(index);
            yield return ShownSample.Of(new("sample", index, step, data.Sources[source].Config.Name), tokens, documents, data.Tokenizer, IsPadded);
        }
    }

    private (int[] Tokens, int[] Documents, int Source, long? Step) Training(long index)
    {
        var (tokens, documents) = (new int[training!.Columns], new int[training.Columns]);
        training.Read(index, tokens, documents);
        return (tokens, documents, training.SourceOf(index), (index / config.Training.SamplesPerStep()) + 1);
    }

    private (int[] Tokens, int[] Documents, int Source, long? Step) Validation(int index)
    {
        var batch = validation![index];
        return (batch.Tokens, batch.DocumentIds, validation.SourceOf(index), null);
    }
}
