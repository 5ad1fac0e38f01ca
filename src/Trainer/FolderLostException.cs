using SparkTrain.Checkpoints;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>Reports that the folder of a run is no longer the one that the run holds: nothing may be written into what is there now.</summary>
/// <param name="folder">The folder's path.</param>
/// <param name="reason">What has become of the one that was opened.</param>
public sealed class FolderLostException(string folder, string reason) : CheckpointException(folder, $"the run folder is no longer the one that this run holds: {reason}",
    "the folder and its run.lock as they were opened, until the run has ended", "nothing more was written there; put the folder back and run the same command again, or see who else trains in it")
{
    /// <summary>What has become of the folder that was opened.</summary>
    public string Reason => reason;
}
