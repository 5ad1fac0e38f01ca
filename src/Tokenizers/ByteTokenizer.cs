using System.Text;

namespace SparkTrain.Tokenizers;

/// <summary>
/// One token per UTF-8 byte (ids 0 to 255), then <c>&lt;bos&gt;</c> (256) and <c>&lt;eos&gt;</c> (257). Needs no training and no file.
/// </summary>
public sealed class ByteTokenizer : ITokenizer
{
    public const string SpecName = "byte";
    private const int Bos = 256, Eos = 257;

    private static readonly TokenBytes Pieces =
        new([.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b }), null, null]);

    private readonly TokenizerFiles files = TokenizerFiles.ForTrained(SpecName,
        [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b })], [], split: false);

    /// <inheritdoc/>
    public string Name => SpecName;

    /// <inheritdoc/>
    public string Hash => files.Hash;

    /// <inheritdoc/>
    public int VocabSize => Eos + 1;

    /// <inheritdoc/>
    public int? BosToken => Bos;

    /// <inheritdoc/>
    public int EosToken => Eos;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> tokens, bool parseSpecials = false, CancellationToken cancellation = default)
    {
        if (!parseSpecials)
        {
            Encode(text, tokens);
            return;
        }
        while (!text.IsEmpty)
        {
            var (bos, eos) = (text.IndexOf(TokenizerFiles.BosName), text.IndexOf(TokenizerFiles.EosName));
            var isBos = bos >= 0 && (eos < 0 || bos < eos);
            var at = isBos ? bos : eos;
            Encode(at < 0 ? text : text[..at], tokens);
            if (at < 0) return;
            tokens.Add(isBos ? Bos : Eos);
            text = text[(at + (isBos ? TokenizerFiles.BosName : TokenizerFiles.EosName).Length)..];
        }
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens) => Pieces.Decode(tokens);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(int token) => Pieces[token];

    /// <inheritdoc/>
    public int ByteLength(int token) => Pieces[token].Length;

    /// <inheritdoc/>
    public void Save(string folder) => files.Save(folder);

    private static void Encode(ReadOnlySpan<char> text, List<int> tokens)
    {
        // A stretch at a time keeps the buffer in cache; a stretch never ends inside a surrogate pair.
        const int Stretch = 4096;
        Span<byte> bytes = stackalloc byte[Stretch * 3];
        while (!text.IsEmpty)
        {
            var length = Math.Min(Stretch, text.Length);
            if (length < text.Length && char.IsHighSurrogate(text[length - 1])) length--;
            var count = Encoding.UTF8.GetBytes(text[..length], bytes);
            foreach (var b in bytes[..count]) tokens.Add(b);
            text = text[length..];
        }
    }
}
