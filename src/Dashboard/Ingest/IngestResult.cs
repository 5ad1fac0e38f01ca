using SparkTrain.Input;

namespace SparkTrain.Dashboard;

/// <summary>An event that was not stored.</summary>
/// <param name="Index">Its place in the batch, from 0.</param>
/// <param name="Reason">What does not fit.</param>
public sealed record Refusal(int Index, string Reason);

/// <summary>What became of a batch of events. Those accepted are on disk.</summary>
/// <param name="Accepted">How many were stored, those seen before included.</param>
/// <param name="Refused">The others.</param>
public sealed record IngestResult(int Accepted, IReadOnlyList<Refusal> Refused);
