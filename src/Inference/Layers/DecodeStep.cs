namespace SparkTrain.Inference;

/// <summary>One pass of up to 64 tokens through the layers: what all threads of the team see.</summary>
/// <param name="Team">The threads.</param>
/// <param name="Buffers">Activations.</param>
/// <param name="Rows">The tokens.</param>
/// <param name="IsSparse">False reads what the masks drop as well.</param>
/// <param name="Activity">Receives what is active; null costs nothing.</param>
internal sealed record DecodeStep(WorkerTeam Team, StepBuffers Buffers, StepRows Rows, bool IsSparse, DecodeActivity? Activity);
