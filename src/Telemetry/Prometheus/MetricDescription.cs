namespace SparkTrain.Telemetry;

/// <summary>What a number of a run is to Prometheus.</summary>
/// <param name="Help">What it means and its unit, in a line.</param>
/// <param name="Label">The label that tells the values of an object apart, whose names are data; null where they are metrics of their own.</param>
/// <param name="Name">Its name on the page, where its own would break Prometheus' rules; null takes its own.</param>
public sealed record MetricDescription(string Help, string? Label = null, string? Name = null);
