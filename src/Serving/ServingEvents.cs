namespace SparkTrain.Serving;

/// <summary>The templates of everything that a server logs. Prompts, texts and tokens of access are in none of them.</summary>
public static class ServingEvents
{
    /// <summary>A completion was answered.</summary>
    public const string Completed = "{Id} {Status} | {Prompts} prompts, {PromptTokens:N0} tokens | {Choices} continuations, {Tokens:N0} tokens | first {FirstSeconds:F3} s, all {Seconds:F3} s";

    /// <summary>A completion was refused, or not brought to its end.</summary>
    public const string Refused = "{Id} {Status} {Code}";

    /// <summary>The client of a completion left.</summary>
    public const string Left = "{Id} the client left after {Tokens:N0} tokens, {Seconds:F3} s";

    /// <summary>The decoder failed.</summary>
    public const string DecoderFailed = "the model failed; the requests that it was computing are ended";

    /// <summary>The server goes.</summary>
    public const string Stopping = "stopping: {Active} sequences run, {Waiting} prompts wait";

    /// <summary>The time to finish was over.</summary>
    public const string CutOff = "{Seconds} seconds were not enough: {Active} sequences and {Waiting} prompts that waited were ended";

    /// <summary>A message of the web server.</summary>
    public const string WebServer = "{Message:l}";
}
