namespace SparkTrain.Telemetry;

/// <summary>How events are sent.</summary>
/// <param name="Url">Where batches are posted to.</param>
/// <param name="Token">Sent as a bearer token; null sends none.</param>
public sealed record ShippingOptions(Uri Url, string? Token = null)
{
    /// <summary>Events of a batch.</summary>
    public int BatchEvents { get; init; } = 1000;

    /// <summary>Bytes of a batch, before it is compressed.</summary>
    public int BatchBytes { get; init; } = 1 << 20;

    /// <summary>Compresses batches by gzip.</summary>
    public bool Gzip { get; init; } = true;

    /// <summary>From one look for new events to the next.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What a server may take to answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After a failure; doubled by each further one.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause after a failure.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What the end of a run may take for sending what is left.</summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(5);
}
