namespace SparkTrain.Generation;

/// <summary>A decoder that continues a prompt in several ways after reading it once, and tells the logits behind every token of it. The sparse engine is one.</summary>
public interface IForkingDecoder : IDecoder
{
    /// <summary>Begins a sequence that holds the same tokens as another, with keys and values of its own.</summary>
    /// <param name="sequence">A sequence of this decoder.</param>
    /// <param name="capacity">Tokens that the new one will hold at most.</param>
    ITokenSequence Fork(ITokenSequence sequence, int capacity);

    /// <summary>Returns the bytes of memory that a sequence keeps for keys and values.</summary>
    long BytesOf(ITokenSequence sequence);

    /// <summary>Appends tokens to a sequence, and hands out the logits that follow each of them.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="tokens">At least one.</param>
    /// <param name="take">Is given the index of a token and the logits behind it, which are valid until it returns.</param>
    void AppendEach(ITokenSequence sequence, ReadOnlySpan<int> tokens, Action<int, ReadOnlySpan<float>> take);
}
