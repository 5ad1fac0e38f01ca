using System.Diagnostics;
using Serilog;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.Model;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>How a call of <see cref="Trainer.Run"/> ended.</summary>
public enum TrainOutcome
{
    /// <summary>All steps are done.</summary>
    Complete,

    /// <summary>The run was asked to stop; it was saved and can go on.</summary>
    Stopped,
}

/// <summary>A run from its first or last saved step to its end.</summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainConfig config;
    private readonly RunFolder folder;
    private readonly ICollectives ranks;
    private readonly ILogger log;
    private readonly DataMixture data;
    private readonly TrainingSamples samples;
    private readonly SparsitySink sparsity;
    private readonly TrainState state;
    private readonly CheckpointStore checkpoints;
    private readonly TrainingLog trainingLog;

    /// <summary>Builds the model and resumes from the newest good checkpoint of the run's folder, or fills the first weights. All ranks call it.</summary>
    /// <param name="config">The run.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="data">Its data, as <see cref="TrainingData.Open"/> gives them; they outlive the trainer.</param>
    /// <param name="ranks">The ranks that train together.</param>
    /// <param name="log">Receives <see cref="TrainEvents"/>.</param>
    /// <param name="allowNewData">True goes on from a checkpoint of other data at the same place of the new order.</param>
    /// <exception cref="CheckpointException">There are checkpoints, but none that this run can resume from.</exception>
    /// <exception cref="ModelFormatException">The run begins, and Run.InitialModel cannot be used.</exception>
    /// <exception cref="Native.EnvironmentException">The device or the memory is missing.</exception>
    public Trainer(TrainConfig config, RunFolder folder, DataMixture data, ICollectives ranks, ILogger log, bool allowNewData = false)
    {
        (this.config, this.folder, this.data, this.ranks, this.log, trainingLog) = (config, folder, data, ranks, log, new(config, ranks, log));
        samples = TrainingData.Samples(data, config);
        sparsity = new(config.Model.NumLayers);
        state = TrainingModel.Allocate(config, sparsity, ranks);
        checkpoints = new(folder.Checkpoints);
        ResumedFrom = Resume.FromNewest(checkpoints, state, config, data.Fingerprint, ranks, log, allowNewData);
        if (ResumedFrom is null) InitialWeights.Fill(state, config, ranks);
    }

    /// <summary>The checkpoint that the run goes on from, or null at its beginning.</summary>
    public string? ResumedFrom { get; }

    /// <summary>How far the run is.</summary>
    public TrainProgress Progress => state.Progress;

    /// <summary>Trains until the last step, until an earlier one, or until one rank is asked to stop; then saves and leaves. All ranks call it.</summary>
    /// <param name="stop">Asks to stop after the current step.</param>
    /// <param name="until">The step to leave after, where not the last one, or 0 to save the first weights; the learning rate does not depend on it.</param>
    /// <exception cref="GuardException">Loss or gradient is not finite; thrown on all ranks.</exception>
    /// <exception cref="CheckpointException">The last checkpoint cannot be saved; thrown on all ranks.</exception>
    /// <exception cref="FolderLostException">The folder is no longer the one that was opened; thrown on all ranks, at the next logged step or save.</exception>
    public TrainOutcome Run(CancellationToken stop, long? until = null)
    {
        long steps = config.Training.Steps, end = Math.Min(until ?? steps, steps);
        if (state.Progress.Step >= steps && IsExported())
        {
            log.Information(TrainEvents.AlreadyComplete, config.Run.Name, steps);
            return TrainOutcome.Complete;
        }
        if (ResumedFrom is not null && state.Progress.Step >= end && end < steps)
        {
            log.Information(TrainEvents.AlreadyThere, config.Run.Name, state.Progress.Step, steps, end);
            return TrainOutcome.Stopped;
        }
        trainingLog.Begin(ResumedFrom, state.Progress.Step);
        var peak = new PeakRate(MeasurePeak, config.Logging.PeakTeraflops is not null, ranks, trainingLog.Peak);
        peak.Measure();
        long? resumeStep = ResumedFrom is null ? null : state.Progress.Step;
        using var metricsFile = IsFirstRank ? folder.Write(() => new MetricsFile(folder.MetricsFile, resumeStep)) : null;
        using var trace = config.Logging.Trace ? folder.Write(() => new RunTrace(folder.TraceFile, resumeStep, checked((int)config.Training.SamplesPerStep()), state, ranks)) : null;
        if (IsFirstRank) folder.Write(() => data.Tokenizer.Save(folder.Tokenizer));
        using var loader = TrainingData.Loader(samples, config, ranks, state.Progress.NextSample);
        using var writer = new CheckpointWriter(checkpoints, config.Checkpoint, state, ranks, () => { metricsFile!.FlushToDisk(); trace?.FlushToDisk(); }, () => metricsFile!.ValLosses, folder);
        var saves = new CheckpointSchedule(writer, state, config, data.Fingerprint, folder, IsFirstRank ? log : Serilog.Core.Logger.None, ResumedFrom is not null);
        var step = new TrainStep(state, config, loader, ranks, sparsity, new(folder, ranks), trace);
        var validator = new Validator(state.Model, data, config, ranks);
        var sparsityWatch = new SparsityWatch(state.Model, samples, config, ranks, log);
        sparsityWatch.SetLevel(Math.Max(1, state.Progress.Step));
        var patience = ranks.WorldSize > 1 ? TimeSpan.FromSeconds(config.Distributed.TimeoutSeconds / 2) : Timeout.InfiniteTimeSpan;
        using var generation = IsFirstRank && config.Generation.IsOn() ? folder.Write(() => new TextGeneration(state.Model, data.Tokenizer, config, folder, resumeStep, patience, log)) : null;
        var pace = new Pace(end);
        // Ranks leave together: rank 0, which holds the folder, asks for it when it holds it no more, and no save is made.
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            if (Unvalidated(metricsFile) is { } before) LogValidation(before);
            Generate();

            bool stopAgreed = false;
            while (state.Progress.Step < end && !stopAgreed && !(ranks.WorldSize == 1 && leave.IsCancellationRequested))
            {
                long next = state.Progress.Step + 1;
                bool logged = next == 1 || IsDue(next, config.Logging.EverySteps), validated = IsDue(next, config.Validation.EverySteps), audited = sparsityWatch.IsDue(next);
                sparsityWatch.SetLevel(next);
                var (metrics, votes) = step.Run(measureSparsity: logged || validated || audited, saves.IsPartDone, leave.Token);
                stopAgreed = votes.Stop;
                trace?.Write(metrics);
                metrics = Complete(metrics, peak);
                if (audited) metrics = sparsityWatch.Look(metrics, state.Progress.NextSample - config.Training.SamplesPerStep());
                pace.Add(metrics);
                if (logged) trainingLog.Step(metrics, pace);
                if (logged || validated || audited)
                {
                    metricsFile?.Write(metrics);
                    trainingLog.Publish(metrics);
                }
                sparsityWatch.RaiseAlarms(metrics);
                if (logged && IsFirstRank && folder.Loss is not null) leave.Cancel();
                saves.AfterStep(votes);
                if (next == end) saves.SaveNow();
                if (validated) LogValidation(metrics);
                Generate();
            }
        }
        catch (GuardException)
        {
            saves.FinishIfPossible();
            throw;
        }

        RequireFolder();
        saves.SaveNow();
        saves.Finish();
        RequireFolder();
        if (state.Progress.Step < steps)
        {
            log.Information(TrainEvents.Stopped, state.Progress.Step, steps);
            return TrainOutcome.Stopped;
        }
        if (IsFirstRank) ExportModel();
        ranks.Barrier();
        log.Information(TrainEvents.Finished, config.Run.Name, steps, state.Progress.Tokens, Pace.Text(state.Progress.Seconds), folder.Model);
        return TrainOutcome.Complete;

        void LogValidation(StepMetrics metrics)
        {
            var validated = Validate(validator, metrics);
            metricsFile?.Rewrite(validated);
            trainingLog.Publish(validated);
        }

        void Generate()
        {
            if (generation is null || !generation.IsDue(state.Progress.Step)) return;
            ranks.Report(state.Progress.Step, "generation");
            generation.Run(state.Progress.Step);
        }
    }

    /// <summary>Frees weights and gradients.</summary>
    public void Dispose()
    {
        state.Dispose();
        state.Model.Dispose();
    }

    private bool IsFirstRank => ranks.Rank == 0;

    // As rank 0 sees it: on a network disk the others may see it later. What is there may be of fewer steps, when this run has become longer since.
    private bool IsExported()
    {
        double[] seen = [IsFirstRank && ModelWeights.AreIn(folder.Model, state.Model) ? 1 : 0];
        ranks.AllReduceSum(seen);
        return seen[0] > 0;
    }

    private void RequireFolder()
    {
        if (ranks.FirstFailure(IsFirstRank ? folder.Loss?.Reason : null) is { } loss) throw new FolderLostException(folder.Path, loss);
    }

    private bool IsDue(long step, long every) => every > 0 && (step % every == 0 || step == config.Training.Steps);

    // What was logged last, where its validation is still to come: before the first step, and where the run was interrupted between a checkpoint and its validation.
    private StepMetrics? Unvalidated(MetricsFile? metricsFile)
    {
        long step = state.Progress.Step;
        double[] unvalidated = [metricsFile?.Last is { ValLoss: null } last && last.Step == step ? 1 : 0];
        ranks.AllReduceSum(unvalidated);
        bool isDue = step == 0 ? config.Validation.EverySteps > 0 : unvalidated[0] > 0 && IsDue(step, config.Validation.EverySteps);
        return isDue ? metricsFile?.Last ?? new() { Step = step, Tokens = state.Progress.Tokens } : null;
    }

    private double MeasurePeak() => config.Logging.PeakTeraflops * 1e12 ?? MachinePeak.Measure(state.Model, (long)BatchLayout.Of(config, ranks.WorldSize).Rows * config.Training.SeqLen, config.Training.Compute);

    private StepMetrics Complete(StepMetrics metrics, PeakRate peak)
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

    private StepMetrics Validate(Validator validator, StepMetrics metrics)
    {
        ranks.Report(metrics.Step, "validation");
        long start = Stopwatch.GetTimestamp();
        var (total, bySource) = validator.Run();
        var result = metrics with { ValLoss = total.Nats / total.Targets, ValBitsPerByte = total.BitsPerByte, ValLossBySource = BySource(bySource, loss => loss.Nats / loss.Targets) };
        log.Information(TrainEvents.Validated, metrics.Step, config.Training.Steps, result.ValLoss, result.ValBitsPerByte, (long)total.Targets, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return result;
    }

    private void ExportModel()
    {
        try
        {
            DurableFolder.Publish(folder.Model, temporary =>
            {
                ModelWeights.Save(state.Model, temporary, TensorType.F32);
                data.Tokenizer.Save(temporary);
                folder.RequireOwn();
            });
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            var (expected, remedy) = IoFailure.Explain(e);
            throw new CheckpointException(folder.Model, $"the model was not written ({e.Reason()})", expected, $"{remedy}, and run the same command again: the last checkpoint is good", e);
        }
    }
}
