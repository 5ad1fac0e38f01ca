namespace SparkTrain.Bench;

/// <summary>Says what a killed run has left in another state than it must.</summary>
internal sealed class FaultException(string violation) : Exception(violation);
