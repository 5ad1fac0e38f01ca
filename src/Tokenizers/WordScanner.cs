using System.Globalization;
using System.Text;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Cuts text as <see cref="Pattern"/> does, the expression of Llama 3's and cl100k's tokenizers, about ten times faster than a regular
/// expression engine. Words take one leading character, digits come by up to three, runs of punctuation take the line breaks that follow.
/// </summary>
internal sealed class WordScanner : TextSplitter
{
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly Kind[] AsciiKinds = [.. Enumerable.Range(0, 128).Select(c => Classify(new Rune(c)))];

    private enum Kind : byte
    {
        Letter,
        Number,
        Space,
        Newline,   // \r or \n, which is white space too
        Other,
    }

    public override void Split(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation = default)
    {
        for (var start = 0; start < text.Length;)
        {
            start = End(text, start);
            ends.Add(start);
        }
    }

    private static int End(ReadOnlySpan<char> text, int start)
    {
        var kind = KindAt(text, start, out var width);
        if (kind == Kind.Letter) return Run(text, start + width, Kind.Letter);
        if (kind == Kind.Number) return Numbers(text, start + width);
        if (text[start] == '\'' && Contraction(text[(start + 1)..]) is var letters and > 0) return start + 1 + letters;

        var next = start + width;
        var nextKind = next < text.Length ? KindAt(text, next, out _) : Kind.Newline;
        if (kind != Kind.Newline && nextKind == Kind.Letter) return Run(text, next, Kind.Letter);
        if (kind == Kind.Other || (text[start] == ' ' && nextKind == Kind.Other))
            return Run(text, Run(text, kind == Kind.Other ? start : next, Kind.Other), Kind.Newline);
        return WhiteSpace(text, start);
    }

    // 's 't 'm 'd 're 've 'll in either case; returns how many letters follow the apostrophe.
    private static int Contraction(ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty) return 0;
        var first = (char)(rest[0] | 0x20);
        if (first is 's' or 't' or 'm' or 'd' && char.IsAsciiLetter(rest[0])) return 1;
        if (rest.Length < 2 || !char.IsAsciiLetter(rest[0]) || !char.IsAsciiLetter(rest[1])) return 0;
        return (first, (char)(rest[1] | 0x20)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 2 : 0;
    }

    private static int Numbers(ReadOnlySpan<char> text, int at)
    {
        for (var count = 1; count < 3 && at < text.Length && KindAt(text, at, out var width) == Kind.Number; count++) at += width;
        return at;
    }

    private static int Run(ReadOnlySpan<char> text, int at, Kind kind)
    {
        while (at < text.Length && KindAt(text, at, out var width) == kind) at += width;
        return at;
    }

    // A run with line breaks ends after the last of them; any other leaves its last character to the word that follows, unless it has only
    // one.
    private static int WhiteSpace(ReadOnlySpan<char> text, int start)
    {
        var (at, afterNewline) = (start, -1);
        while (at < text.Length && KindAt(text, at, out _) is var kind and (Kind.Space or Kind.Newline))
        {
            at++;
            if (kind == Kind.Newline) afterNewline = at;
        }
        if (afterNewline > 0) return afterNewline;
        return at == text.Length || at == start + 1 ? at : at - 1;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int at, out int width)
    {
        width = 1;
        if (text[at] < 128) return AsciiKinds[text[at]];
        // A lone surrogate is category Cs: neither letter, number nor space.
        if (Rune.DecodeFromUtf16(text[at..], out var rune, out width) != System.Buffers.OperationStatus.Done) return Kind.Other;
        return Classify(rune);
    }

    private static Kind Classify(Rune rune)
    {
        if (rune.Value is '\r' or '\n') return Kind.Newline;
        if (Rune.IsWhiteSpace(rune)) return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
