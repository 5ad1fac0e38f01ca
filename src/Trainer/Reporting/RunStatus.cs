namespace SparkTrain.Trainer;

/// <summary>How a run ended, or that it has not.</summary>
public enum RunStatus
{
    /// <summary>A process trains it.</summary>
    Running,

    /// <summary>All steps are done.</summary>
    Complete,

    /// <summary>It was saved before its last step, and can go on.</summary>
    Stopped,

    /// <summary>An error ended it.</summary>
    Failed,
}
