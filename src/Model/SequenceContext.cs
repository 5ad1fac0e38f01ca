namespace SparkTrain.Model;

/// <summary>What attention must know about the tokens of a forward pass beside their activations.</summary>
/// <param name="DocumentIds_BT">The document of each token; null means one document a row.</param>
/// <param name="Caches">Keys and values of earlier tokens, each for as many rows of the pass as it holds, in their order; null when the pass starts at position 0 and nothing is kept.</param>
public sealed record SequenceContext(Tensor? DocumentIds_BT, IReadOnlyList<KeyValueCache>? Caches);
