using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>Turns text into token ids and back. Implementations may be called from several threads at once.</summary>
public interface ITokenizer
{
    /// <summary>A short name for people: <c>byte</c>, <c>bpe-4096</c> or that of the folder it came from.</summary>
    string Name { get; }

    /// <summary>SHA-256 in lower-case hex of the definition: the bytes of tokenizer.json and the ids of the two special tokens.</summary>
    string Hash { get; }

    /// <summary>One more than the largest id.</summary>
    int VocabSize { get; }

    /// <summary>The id that begins every document, or null where the tokenizer has none.</summary>
    int? BosToken { get; }

    /// <summary>The id that ends every document.</summary>
    int EosToken { get; }

    /// <summary>Returns true for the tokens behind which a continuation ends: the one that ends documents, and others that a model names.</summary>
    bool EndsText(int token) => token == EosToken;

    /// <summary>
    /// Appends the ids of <paramref name="text"/> to <paramref name="tokens"/>. Names of special tokens inside the text are ordinary
    /// characters unless <paramref name="parseSpecials"/> is true, so that no document can forge its own end. Never adds begin or end
    /// tokens.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="tokens">Receives the ids.</param>
    /// <param name="parseSpecials">Makes special tokens of their names.</param>
    /// <param name="cancellation">Asks to stop: a foreign tokenizer's expression may take seconds at each place of a text, and is asked between two of them.</param>
    /// <exception cref="DataException">The tokenizer cannot cut the text.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop; some ids may have been appended.</exception>
    void Encode(ReadOnlySpan<char> text, List<int> tokens, bool parseSpecials = false, CancellationToken cancellation = default);

    /// <summary>Returns the text of <paramref name="tokens"/>; special tokens have none, bytes that are not UTF-8 become U+FFFD.</summary>
    string Decode(ReadOnlySpan<int> tokens);

    /// <summary>
    /// Returns the UTF-8 bytes that <paramref name="token"/> stands for; empty for special tokens and for ids without a piece.
    /// </summary>
    ReadOnlySpan<byte> Bytes(int token);

    /// <summary>
    /// Returns the number of text bytes of <paramref name="token"/>, 0 for special tokens: what bits per byte divides by.
    /// </summary>
    int ByteLength(int token);

    /// <summary>
    /// Writes tokenizer.json and tokenizer_config.json (Hugging Face format) into <paramref name="folder"/>, which is made if missing.
    /// </summary>
    void Save(string folder);
}
