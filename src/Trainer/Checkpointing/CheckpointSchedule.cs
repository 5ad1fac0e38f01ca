using System.Numerics;
using Serilog;
using SparkTrain.Checkpoints;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer;

/// <summary>Saves a run when it is time to: every so many steps while training goes on, and at its end or when it is stopped. All ranks call every method.</summary>
/// <param name="writer">Writes the checkpoints.</param>
/// <param name="state">The run.</param>
/// <param name="config">Its configuration.</param>
/// <param name="dataFingerprint">Fingerprint of its dataset.</param>
/// <param name="folder">Its folder.</param>
/// <param name="log">Receives <see cref="TrainEvents"/>, which are the same on all ranks.</param>
/// <param name="isResumed">True where the run as it is now came from a checkpoint.</param>
internal sealed class CheckpointSchedule(CheckpointWriter writer, TrainState state, TrainConfig config, string dataFingerprint, RunFolder folder, ILogger log, bool isResumed)
{
    private long? lastBegun = isResumed ? state.Progress.Step : null;
    private bool isDue;
    private int putOff;

    /// <summary>True where this rank has done its part of the checkpoint that is being written.</summary>
    public bool IsPartDone() => writer.IsPartDone;

    /// <summary>Goes on with the checkpoint that is being written, and begins one when its time has come. A disk that is slow or full delays checkpoints, not the training.</summary>
    /// <param name="votes">What the ranks agreed on in the step that was just made.</param>
    /// <exception cref="GuardException">A weight is not finite.</exception>
    /// <exception cref="FolderLostException">The run's folder is no longer the one that was opened.</exception>
    public void AfterStep(StepVotes votes)
    {
        if (writer.IsBusy && votes.PartsDone) Tolerate(writer.Advance);
        long step = state.Progress.Step;
        bool isStep = step % config.Checkpoint.EverySteps == 0 && step < config.Training.Steps;
        // Said less and less often: a small model on a slow disk would say little else.
        if (isStep && writer.IsBusy && BitOperations.IsPow2(++putOff)) log.Warning(TrainEvents.SavePutOff, step, writer.Step, putOff);
        isDue |= isStep;
        if (!isDue || writer.IsBusy) return;
        Begin();
        if (!config.Checkpoint.Asynchronous) Tolerate(writer.Finish);
    }

    /// <summary>Begins to save the run as it is now, unless it was begun before.</summary>
    public void SaveNow()
    {
        if (lastBegun == state.Progress.Step) return;
        Tolerate(writer.Finish);
        Begin();
    }

    /// <summary>Waits until the checkpoint that is being written is complete.</summary>
    /// <exception cref="CheckpointException">It cannot be saved.</exception>
    /// <exception cref="GuardException">A weight is not finite.</exception>
    public void Finish() => Report(writer.Finish());

    /// <summary>Waits for the checkpoint that is being written, before training ends for another reason than its failure.</summary>
    public void FinishIfPossible()
    {
        try
        {
            Tolerate(writer.Finish);
        }
        catch (Exception e) when (e is GuardException or FolderLostException)
        {
            log.Error(TrainEvents.SaveFailed, state.Progress.Step, e.Message);
        }
    }

    private void Begin()
    {
        (isDue, lastBegun) = (false, state.Progress.Step);
        writer.Begin(state.Progress.Step, state.Describe(config, dataFingerprint));
    }

    // A disk that is full now may have room by the next save; a folder that is lost does not come back.
    private void Tolerate(Func<SavedCheckpoint?> save)
    {
        try
        {
            Report(save());
        }
        catch (CheckpointException e) when (e is not FolderLostException)
        {
            lastBegun = null;
            log.Error(TrainEvents.SaveFailed, state.Progress.Step, e.Message);
        }
    }

    private void Report(SavedCheckpoint? saved)
    {
        if (saved is null) return;
        string path = Path.GetRelativePath(folder.Path, saved.Folder);
        log.ForContext(RunEvent.Kind, RunEvent.Checkpoint).ForContext("Path", path).ForContext(nameof(saved.Bytes), saved.Bytes)
            .Information(TrainEvents.Saved, saved.Step, config.Training.Steps, path, saved.Elapsed.TotalSeconds, saved.Stall.TotalMilliseconds);
    }
}
