using System.Collections.Concurrent;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Byte pair encoding from a Hugging Face tokenizer.json: byte-level vocabularies (GPT-2, Llama 3, ours) and vocabularies of characters
/// with space marks and byte fall-back (Gemma).
/// </summary>
public sealed class BpeTokenizer : ITokenizer
{
    private readonly BpeDefinition definition;
    private readonly TokenizerFiles files;
    private readonly TokenBytes bytes;
    private readonly AddedTokenFinder allAdded, plainAdded;
    private readonly ConcurrentBag<BpeEncoder> encoders = [];

    internal BpeTokenizer(BpeDefinition definition, TokenizerFiles files, int? bosToken, int eosToken)
    {
        (this.definition, this.files, BosToken, EosToken) = (definition, files, bosToken, eosToken);
        bytes = new TokenBytes(definition.Pieces);
        allAdded = new AddedTokenFinder(definition.AddedTokens);
        plainAdded = new AddedTokenFinder(definition.AddedTokens.Where(t => !t.IsSpecial));
    }

    /// <inheritdoc/>
    public string Name => files.Name;

    /// <inheritdoc/>
    public string Hash => files.Hash;

    /// <inheritdoc/>
    public int VocabSize => definition.Pieces.Length;

    /// <inheritdoc/>
    public int? BosToken { get; }

    /// <inheritdoc/>
    public int EosToken { get; }

    /// <summary>The tokens that are cut out of a text before BPE.</summary>
    internal IReadOnlyList<AddedToken> AddedTokens => definition.AddedTokens;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> tokens, bool parseSpecials = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        // Encoders hold caches, so each call borrows one for itself.
        if (!encoders.TryTake(out var encoder)) encoder = new BpeEncoder(definition);
        var added = parseSpecials ? allAdded : plainAdded;
        while (added.FindFirst(text, out var at) is { } token)
        {
            encoder.Encode(text[..at], tokens, cancellation);
            tokens.Add(token.Id);
            text = text[(at + token.Text.Length)..];
        }
        encoder.Encode(text, tokens, cancellation);
        encoders.Add(encoder);
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens) => bytes.Decode(tokens);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(int token) => bytes[token];

    /// <inheritdoc/>
    public int ByteLength(int token) => bytes[token].Length;

    /// <inheritdoc/>
    public void Save(string folder) => files.Save(folder);
}
