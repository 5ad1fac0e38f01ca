using System.Text;

namespace SparkTrain.Tokenizers;

/// <summary>The UTF-8 bytes of every token, back to back in one array.</summary>
internal sealed class TokenBytes
{
    private readonly byte[] bytes;
    private readonly int[] starts;

    /// <summary>Packs <paramref name="pieces"/>, indexed by id; null means that the id has no text.</summary>
    public TokenBytes(IReadOnlyList<byte[]?> pieces)
    {
        starts = new int[pieces.Count + 1];
        for (var id = 0; id < pieces.Count; id++) starts[id + 1] = checked(starts[id] + (pieces[id]?.Length ?? 0));
        bytes = new byte[starts[^1]];
        for (var id = 0; id < pieces.Count; id++) pieces[id]?.CopyTo(bytes, starts[id]);
    }

    public ReadOnlySpan<byte> this[int token] => (uint)token < (uint)(starts.Length - 1)
        ? bytes.AsSpan(starts[token], starts[token + 1] - starts[token])
        : throw new ArgumentOutOfRangeException(nameof(token), token, $"The vocabulary has ids from 0 to {starts.Length - 2}.");

    public string Decode(ReadOnlySpan<int> tokens)
    {
        var length = 0;
        foreach (var token in tokens) length += this[token].Length;
        var text = new byte[length];
        var at = 0;
        foreach (var token in tokens)
        {
            this[token].CopyTo(text.AsSpan(at));
            at += this[token].Length;
        }
        return Encoding.UTF8.GetString(text);
    }
}
