namespace SparkTrain.Trainer;

/// <summary>A sequence to score.</summary>
/// <param name="Tokens">Token ids, at least one.</param>
/// <param name="Documents">The document of each token; attention stays within it. Null means one document.</param>
public sealed record TokenSequence(long[] Tokens, long[]? Documents = null);
