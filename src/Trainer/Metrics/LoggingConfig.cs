using System.ComponentModel.DataAnnotations;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer;

/// <summary>What is logged, and how often.</summary>
public sealed record LoggingConfig
{
    /// <summary>Steps between logged lines, on the console and in metrics.jsonl.</summary>
    [Range(1, 1_000_000)]
    public long EverySteps { get; init; } = 1;

    /// <summary>Peak rate of one rank in 10¹² floating-point operations a second, for MFU; null measures at start what the model's own matrix products reach.</summary>
    [Range(1e-6, 1e6)]
    public double? PeakTeraflops { get; init; }

    /// <summary>Writes trace.jsonl: per step the exact loss and gradient norm, the samples, and hashes of their tokens, of the weights and of the optimizer's state.</summary>
    public bool Trace { get; init; }

    /// <summary>Where the run's events are sent while it trains; null sends none. They are in log/events.jsonl in any case, from where `runs sync` sends them later.</summary>
    public HttpLoggingConfig? Http { get; init; }

    /// <summary>Writes the numbers of logged steps for TensorBoard, into the run's folder tensorboard/.</summary>
    public bool TensorBoard { get; init; }

    /// <summary>Address and port, such as 127.0.0.1:9464, of a page /metrics with the newest numbers in Prometheus' format; null has none.</summary>
    [MinLength(1)]
    public string? Prometheus { get; init; }
}

/// <summary>Sending events over HTTP, as Serilog.Sinks.Http does: batches of JSON, compressed.</summary>
public sealed record HttpLoggingConfig
{
    /// <summary>What receives batches by POST, such as http://127.0.0.1:8090/api/events. Secrets have no place in it: every reader of the run sees it.</summary>
    [RegularExpression(ReceiverUrl.Pattern, ErrorMessage = ReceiverUrl.Rule)]
    public required string Url { get; init; }

    /// <summary>A file with the token that the receiver asks for; null sends none, unless the environment variable SPARKTRAIN_EVENTS_TOKEN is set.</summary>
    [MinLength(1)]
    public string? TokenFile { get; init; }

    /// <summary>Compresses batches by gzip.</summary>
    public bool Gzip { get; init; } = true;

    /// <summary>Events of a batch.</summary>
    [Range(1, 100_000)]
    public int BatchEvents { get; init; } = 1000;

    /// <summary>Seconds from one look for new events to the next.</summary>
    [Range(0.01, 3600.0)]
    public double PeriodSeconds { get; init; } = 2;

    /// <summary>Seconds that the end of a run waits for what is not sent yet.</summary>
    [Range(0.0, 3600.0)]
    public double FarewellSeconds { get; init; } = 5;
}
