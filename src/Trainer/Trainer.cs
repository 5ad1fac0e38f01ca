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
        (this.config, this.folder, this.data, this.ranks, this.log) = (config, folder, data, ranks, log);
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
        using var session = new TrainingSession(config, folder, data, samples, state, sparsity, checkpoints, ranks, log, ResumedFrom, end);
        // Ranks leave together: rank 0, which holds the folder, asks for it when it holds it no more, and no save is made.
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            session.ValidateWhatIsLeft();
            session.Generate();

            bool stopAgreed = false;
            while (state.Progress.Step < end && !stopAgreed && !(ranks.WorldSize == 1 && leave.IsCancellationRequested))
            {
                var due = session.Prepare(state.Progress.Step + 1);
                var (metrics, votes) = session.Step.Run(due.Measures, session.Saves.IsPartDone, leave.Token);
                metrics = session.Record(metrics, due);
                if (due.Logs && IsFirstRank && folder.Loss is not null) leave.Cancel();
                session.Saves.AfterStep(votes);
                if (due.Step == end) session.Saves.SaveNow();
                if (due.Validates) session.Validate(metrics);
                session.Generate();
                stopAgreed = votes.Stop;
            }
        }
        catch (GuardException)
        {
            session.Saves.FinishIfPossible();
            throw;
        }

        RequireFolder();
        session.Saves.SaveNow();
        session.Saves.Finish();
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
