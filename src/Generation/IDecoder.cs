using SparkTrain.ModelFormat;

namespace SparkTrain.Generation;

/// <summary>Computes what follows token sequences. Two ship: the sparse engine, and the torch model in the trainer.</summary>
public interface IDecoder : IDisposable
{
    /// <summary>The model's shape.</summary>
    ModelConfig Config { get; }

    /// <summary>Begins an empty sequence.</summary>
    /// <param name="capacity">Tokens that it will hold at most.</param>
    ITokenSequence Begin(int capacity);

    /// <summary>Appends tokens to sequences, and writes the logits that follow the last token of each.</summary>
    /// <param name="batch">Different sequences, each with at least one token.</param>
    /// <param name="logits">[batch, vocabulary], one row for each sequence in the order of the batch.</param>
    /// <exception cref="ArgumentException">A token is outside the vocabulary, a sequence is full or comes twice, or the room for logits is of another size.</exception>
    void Append(IReadOnlyList<NewTokens> batch, Span<float> logits);
}

/// <summary>A sequence whose keys and values are kept; disposing it frees them.</summary>
public interface ITokenSequence : IDisposable
{
    /// <summary>Tokens so far.</summary>
    int Length { get; }

    /// <summary>Tokens that fit.</summary>
    int Capacity { get; }
}

/// <summary>Tokens to append to a sequence.</summary>
/// <param name="Sequence">A sequence of the decoder that appends.</param>
/// <param name="Tokens">At least one.</param>
public readonly record struct NewTokens(ITokenSequence Sequence, ReadOnlyMemory<int> Tokens)
{
    /// <summary>Refuses a batch that no decoder can append.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="vocabulary">Tokens of the vocabulary.</param>
    /// <param name="room">Logits that there is room for; null where the decoder makes room itself.</param>
    /// <exception cref="ArgumentException">A token is outside the vocabulary, a sequence is full, comes twice or without tokens, or the room is of another size.</exception>
    public static void Require(IReadOnlyList<NewTokens> batch, int vocabulary, int? room = null)
    {
        if (room is { } length && length != (long)batch.Count * vocabulary) throw new ArgumentException($"room for {length} logits; expected {batch.Count} sequences of {vocabulary}", nameof(room));
        if (batch.DistinctBy(item => item.Sequence).Count() < batch.Count) throw new ArgumentException("a sequence comes twice", nameof(batch));
        foreach (var (sequence, tokens) in batch)
        {
            if (tokens.Length < 1 || sequence.Length + (long)tokens.Length > sequence.Capacity) throw new ArgumentException($"{tokens.Length} tokens for a sequence that holds {sequence.Length} of {sequence.Capacity}", nameof(batch));
            foreach (int token in tokens.Span)
                if (token < 0 || token >= vocabulary) throw new ArgumentException($"token {token}; expected 0 to {vocabulary - 1}", nameof(batch));
        }
    }
}
