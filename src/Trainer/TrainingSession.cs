using System.Diagnostics;
using Serilog;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>What is to be done with a step beside making it.</summary>
/// <param name="Step">The step.</param>
/// <param name="Logs">It is printed.</param>
/// <param name="Validates">The validation split is scored after it.</param>
/// <param name="Audits">Its scores are looked at closely.</param>
internal readonly record struct StepDuties(long Step, bool Logs, bool Validates, bool Audits)
{
    /// <summary>True where the step counts active neurons and kept keys, and leaves a line in metrics.jsonl.</summary>
    public bool Measures => Logs || Validates || Audits;
}

/// <summary>Everything that a call of <see cref="Trainer.Run"/> works with besides the state: the files of the run, its data, the step, and what watches it. All ranks open one.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly TrainConfig config;
    private readonly RunFolder folder;
    private readonly ICollectives ranks;
    private readonly ILogger log;
    private readonly DataMixture data;
    private readonly TrainingSamples samples;
    private readonly SparsitySink sparsity;
    private readonly TrainState state;
    private readonly TrainingLog trainingLog;
    private readonly MetricsFile? metricsFile;
    private readonly RunTrace? trace;
    private readonly DataLoader loader;
    private readonly CheckpointWriter writer;
    private readonly Validator validator;
    private readonly SparsityWatch sparsityWatch;
    private readonly TextGeneration? generation;
    private readonly PeakRate peak;
    private readonly Pace pace;

    /// <summary>Opens the files, measures the machine's peak and starts the loader.</summary>
    /// <param name="config">The run.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="data">Its data.</param>
    /// <param name="samples">The samples of the run.</param>
    /// <param name="state">What the steps change.</param>
    /// <param name="sparsity">Receives what is active.</param>
    /// <param name="checkpoints">Where checkpoints go.</param>
    /// <param name="ranks">The ranks that train together.</param>
    /// <param name="log">Receives <see cref="TrainEvents"/>.</param>
    /// <param name="resumedFrom">The checkpoint that the run goes on from; null at its beginning.</param>
    /// <param name="end">The step to leave after.</param>
    public TrainingSession(
        TrainConfig config, RunFolder folder, DataMixture data, TrainingSamples samples, TrainState state, SparsitySink sparsity, CheckpointStore checkpoints, ICollectives ranks, ILogger log, string? resumedFrom, long end)
    {
        (this.config, this.folder, this.data, this.samples, this.state, this.sparsity, this.ranks, this.log) = (config, folder, data, samples, state, sparsity, ranks, log);
        bool isFirst = ranks.Rank == 0;
        long? resumeStep = resumedFrom is null ? null : state.Progress.Step;
        trainingLog = new(config, ranks, log);
        trainingLog.Begin(resumedFrom, state.Progress.Step);
        peak = new(MeasurePeak, config.Logging.PeakTeraflops is not null, ranks, trainingLog.Peak);
        peak.Measure();
        try
        {
            metricsFile = isFirst ? folder.Write(() => new MetricsFile(folder.MetricsFile, resumeStep)) : null;
            trace = config.Logging.Trace ? folder.Write(() => new RunTrace(folder.TraceFile, resumeStep, checked((int)config.Training.SamplesPerStep()), state, ranks)) : null;
            if (isFirst) folder.Write(() => data.Tokenizer.Save(folder.Tokenizer));
            loader = TrainingData.Loader(samples, config, ranks, state.Progress.NextSample);
            writer = new(checkpoints, config.Checkpoint, state, ranks, () => { metricsFile!.FlushToDisk(); trace?.FlushToDisk(); }, () => metricsFile!.ValLosses, folder);
            Saves = new(writer, state, config, data.Fingerprint, folder, isFirst ? log : Serilog.Core.Logger.None, resumedFrom is not null);
            Step = new(state, config, loader, ranks, sparsity, new(folder, ranks), trace);
            validator = new(state.Model, data, config, ranks);
            sparsityWatch = new(state.Model, samples, config, ranks, log);
            sparsityWatch.SetLevel(Math.Max(1, state.Progress.Step));
            var patience = ranks.WorldSize > 1 ? TimeSpan.FromSeconds(config.Distributed.TimeoutSeconds / 2) : Timeout.InfiniteTimeSpan;
            generation = isFirst && config.Generation.IsOn() ? folder.Write(() => new TextGeneration(state.Model, data.Tokenizer, config, folder, resumeStep, patience, log)) : null;
            pace = new(end);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Makes one step.</summary>
    public TrainStep Step { get; }

    /// <summary>Saves checkpoints when they are due.</summary>
    public CheckpointSchedule Saves { get; }

    /// <summary>Returns what is to be done with a step, and sets how sparse the model is in it.</summary>
    public StepDuties Prepare(long step)
    {
        sparsityWatch.SetLevel(step);
        return new(step, step == 1 || IsDue(step, config.Logging.EverySteps), IsDue(step, config.Validation.EverySteps), sparsityWatch.IsDue(step));
    }

    /// <summary>Completes the metrics of a step that was just made and brings them to where they are due: trace, console, metrics.jsonl, events, alarms.</summary>
    public StepMetrics Record(StepMetrics metrics, StepDuties due)
    {
        trace?.Write(metrics);
        metrics = Complete(metrics);
        if (due.Audits) metrics = sparsityWatch.Look(metrics, state.Progress.NextSample - config.Training.SamplesPerStep());
        pace.Add(metrics);
        if (due.Logs) trainingLog.Step(metrics, pace);
        if (due.Measures)
        {
            metricsFile?.Write(metrics);
            trainingLog.Publish(metrics);
        }
        sparsityWatch.RaiseAlarms(metrics);
        return metrics;
    }

    /// <summary>Scores the validation split and adds the result to the step's line.</summary>
    public void Validate(StepMetrics metrics)
    {
        ranks.Report(metrics.Step, "validation");
        long start = Stopwatch.GetTimestamp();
        var (total, bySource) = validator.Run();
        var validated = metrics with { ValLoss = total.Nats / total.Targets, ValBitsPerByte = total.BitsPerByte, ValLossBySource = BySource(bySource, loss => loss.Nats / loss.Targets) };
        log.Information(TrainEvents.Validated, metrics.Step, config.Training.Steps, validated.ValLoss, validated.ValBitsPerByte, (long)total.Targets, Stopwatch.GetElapsedTime(start).TotalSeconds);
        metricsFile?.Rewrite(validated);
        trainingLog.Publish(validated);
    }

    /// <summary>Validates what was logged last, where that is still to come: before the first step, and where the run was interrupted between a checkpoint and its validation.</summary>
    public void ValidateWhatIsLeft()
    {
        long step = state.Progress.Step;
        double[] unvalidated = [metricsFile?.Last is { ValLoss: null } last && last.Step == step ? 1 : 0];
        ranks.AllReduceSum(unvalidated);
        if (step == 0 ? config.Validation.EverySteps > 0 : unvalidated[0] > 0 && IsDue(step, config.Validation.EverySteps)) Validate(metricsFile?.Last ?? new() { Step = step, Tokens = state.Progress.Tokens });
    }

    /// <summary>Lets the model write, where it is due.</summary>
    public void Generate()
    {
        if (generation is null || !generation.IsDue(state.Progress.Step)) return;
        ranks.Report(state.Progress.Step, "generation");
        generation.Run(state.Progress.Step);
    }

    /// <summary>Closes everything that was opened.</summary>
    public void Dispose()
    {
        generation?.Dispose();
        writer?.Dispose();
        loader?.Dispose();
        trace?.Dispose();
        metricsFile?.Dispose();
    }

    private bool IsDue(long step, long every) => every > 0 && (step % every == 0 || step == config.Training.Steps);

    private double MeasurePeak() => config.Logging.PeakTeraflops * 1e12 ?? MachinePeak.Measure(state.Model, (long)BatchLayout.Of(config, ranks.WorldSize).Rows * config.Training.SeqLen, config.Training.Compute);

    // What is counted is there only where the step measured it.
    private StepMetrics Complete(StepMetrics metrics)
    {
        if (!sparsity.IsRecording) return metrics;
        var consumed = samples.Consumed(state.Progress.NextSample);
        ranks.Report(metrics.Step, "metrics");
        var (active, kept, touched) = SparsityTotals.AllReduce(sparsity, ranks);
        double forward = FlopCount.Forward(config.Model, config.Training.SeqLen, touched).Total, backward = FlopCount.Backward(config.Model, config.Training.SeqLen, touched).Total;
        double mfu = peak.ShareOf((forward + backward) * metrics.TokensPerSecond!.Value);
        return metrics with
        {
            SourceTokens = BySource(consumed, source => source.Tokens),
            SourceEpochs = BySource(consumed, source => source.Epochs),
            Mfu = mfu,
            PeakTeraflops = peak.Value / 1e12,
            FfnActiveFraction = active.Average(),
            FfnActiveFractionByLayer = active,
            AttentionKept = kept.Average(),
            AttentionKeptByLayer = kept,
            FlopsExecutedPerToken = forward,
            FlopsExecutedBackwardPerToken = backward,
            FlopsUsefulPerToken = FlopCount.Useful(config.Model, config.Training.SeqLen, active, kept).Total,
        };
    }

    // A single dataset needs no numbers of its own.
    private Dictionary<string, TValue>? BySource<TNumbers, TValue>(IReadOnlyList<TNumbers> numbers, Func<TNumbers, TValue> value) =>
        data.Sources.Count == 1 ? null : data.Sources.Zip(numbers).ToDictionary(pair => pair.First.Config.Name, pair => value(pair.Second));
}
