namespace SparkTrain.Configuration;

/// <summary>One value of a resolved configuration and where it came from.</summary>
/// <param name="Key">The dotted key path.</param>
/// <param name="Text">The value as text; lists as <c>[a, b]</c>.</param>
/// <param name="Origin">Where it came from.</param>
public sealed record ResolvedValue(string Key, string Text, ValueOrigin Origin);
