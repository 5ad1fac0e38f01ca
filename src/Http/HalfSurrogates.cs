using System.Text;
using System.Text.Unicode;

namespace SparkTrain.Http;

/// <summary>
/// Mends JSON whose texts are not Unicode: half of a surrogate pair, which JSON lets one write as an escape (RFC 8259, 8.2) and no UTF-8 can hold, and bytes that are no UTF-8. Each becomes U+FFFD, as Unicode asks for (3.9).
/// Readers throw at such texts wherever they come to them, so they are mended before anything reads or stores them.
/// </summary>
public static class HalfSurrogates
{
    private const int EscapeLength = 6;

    /// <summary>Returns the JSON itself where all of its texts are Unicode, otherwise a mended copy.</summary>
    public static ReadOnlyMemory<byte> Mend(ReadOnlyMemory<byte> json)
    {
        byte[]? mended = Utf8.IsValid(json.Span) ? null : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json.Span));
        var text = mended is null ? json.Span : mended;
        for (int at = 0; text[at..].IndexOf((byte)'\\') is >= 0 and var skipped;)
        {
            at += skipped;
            int unit = Unit(text[at..]);
            if (unit < 0) at += 2;
            else if (char.IsHighSurrogate((char)unit) && Unit(text[(at + EscapeLength)..]) is >= 0 and var second && char.IsLowSurrogate((char)second)) at += 2 * EscapeLength;
            else
            {
                if (char.IsSurrogate((char)unit)) "fffd"u8.CopyTo((mended ??= json.ToArray()).AsSpan(at + 2));
                at += EscapeLength;
            }
            if (at >= text.Length) break;
        }
        return mended ?? json;
    }

    // The UTF-16 unit of an escape \uXXXX at the beginning; -1 where there is another escape or none.
    private static int Unit(ReadOnlySpan<byte> text) =>
        text.Length >= EscapeLength && text[0] == '\\' && text[1] == 'u' && System.Buffers.Text.Utf8Parser.TryParse(text[2..EscapeLength], out ushort unit, out int used, 'x') && used == 4 ? unit : -1;
}
