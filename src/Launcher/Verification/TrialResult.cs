using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Verification;

/// <summary>What came of a trial.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="LeftAfter">The last step before the run was stopped or killed.</param>
/// <param name="ResumedAfter">The step of the checkpoint that it went on from; 0 for its beginning.</param>
/// <param name="Agreements">Where it agrees with the unbroken run, in the order in which a difference spreads.</param>
internal sealed record TrialResult(Trial Trial, long LeftAfter, long ResumedAfter, IReadOnlyList<RunAgreement> Agreements);
