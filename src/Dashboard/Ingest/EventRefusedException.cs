namespace SparkTrain.Dashboard;

/// <summary>One event does not fit; the others of its batch are not concerned.</summary>
internal sealed class EventRefusedException(string reason) : Exception(reason);
