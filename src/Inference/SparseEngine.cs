using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>
/// Decodes Spark Transformers, and their dense Gemma-2 baselines, on a CPU, reading only the neurons and keys that the masks keep. Plain C#, no libtorch.
/// Results have the same bits whatever the number of threads, the pieces that a prompt comes in, and the sequences beside it.
/// One caller at a time; sequences may be disposed of by any thread between calls.
/// </summary>
public sealed class SparseEngine : IForkingDecoder
{
    /// <summary>Packs a model's weights for decoding. The source may be closed afterwards.</summary>
    /// <param name="weights">A model folder, whose files are mapped, or a checkpoint.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ModelFormatException">A file is cut off or does not fit.</exception>
    /// <exception cref="InsufficientMemoryException">The packed model does not fit into memory.</exception>
    public static SparseEngine Load(IWeightSource weights, EngineOptions? options = null) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ModelConfig Config => throw new NotImplementedException();

    /// <inheritdoc/>
    public ITokenSequence Begin(int capacity) => throw new NotImplementedException();

    /// <summary>Begins a sequence that holds the same tokens as another, with keys and values of its own.</summary>
    public ITokenSequence Fork(ITokenSequence sequence, int capacity) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Append(IReadOnlyList<NewTokens> batch, Span<float> logits) => throw new NotImplementedException();

    /// <summary>Appends tokens to a sequence, and hands out the logits that follow each of them.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="tokens">At least one.</param>
    /// <param name="take">Is given the index of a token and the logits behind it, which are valid until it returns.</param>
    public void AppendEach(ITokenSequence sequence, ReadOnlySpan<int> tokens, Action<int, ReadOnlySpan<float>> take) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
