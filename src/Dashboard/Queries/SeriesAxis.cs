namespace SparkTrain.Dashboard;

/// <summary>What a curve is drawn over: steps, seconds since the run's first event, or tokens.</summary>
internal enum SeriesAxis
{
    Step,
    Time,
    Tokens,
}
