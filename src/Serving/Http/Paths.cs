namespace SparkTrain.Serving;

/// <summary>What the server answers to.</summary>
internal static class Paths
{
    public const string Completions = "/v1/completions";
    public const string ChatCompletions = "/v1/chat/completions";
    public const string Models = "/v1/models";
    public const string Health = "/health";
    public const string Metrics = "/metrics";
}
