namespace SparkTrain.Dashboard;

/// <summary>What a run tells of itself when it starts.</summary>
internal sealed record RunAbout(string? Command, string? Host, long? Ranks, long? Parameters, string? Commit, string? Version, long StartStep);

/// <summary>How a run ended.</summary>
internal sealed record EndData(string Status, string? Message);

/// <summary>A saved state.</summary>
internal sealed record CheckpointData(string Path, long? Bytes, double? Seconds);

/// <summary>A text that the model continued.</summary>
internal sealed record SampleData(string Prompt, string Text);
