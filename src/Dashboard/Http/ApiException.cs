namespace SparkTrain.Dashboard;

/// <summary>An answer other than success.</summary>
internal sealed class ApiException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
