namespace SparkTrain.Model;

/// <summary>What attention must know about the tokens of a forward pass beside their activations.</summary>
/// <param name="DocumentIds_BT">The document of each token; null means one document a row.</param>
/// <param name="Cache">Keys and values of earlier tokens; null when the pass starts at position 0 and nothing is kept.</param>
public sealed record SequenceContext(Tensor? DocumentIds_BT, KeyValueCache? Cache)
{
    /// <summary>Position of the pass's first token in its sequence.</summary>
    public int FirstPosition => Cache?.Length ?? 0;
}
