using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Cuts text at the matches of any other regular expression that a tokenizer.json names; what lies between matches is a stretch too.
/// </summary>
internal sealed class RegexSplitter(Regex regex) : TextSplitter
{
    /// <summary>GPT-2's expression, which ByteLevel pre-tokenizers use where use_regex is true.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    // One character of each category that characters beyond U+FFFF have.
    private static readonly Dictionary<UnicodeCategory, char> StandIns = Enumerable.Range(0x80, 0xD800 - 0x80)
        .GroupBy(c => CharUnicodeInfo.GetUnicodeCategory((char)c)).ToDictionary(g => g.Key, g => (char)g.First());

    public override void Split(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation = default)
    {
        try
        {
            if (text.ContainsAnyInRange('\uD800', '\uDFFF')) SplitWithPairs(text, ends, cancellation);
            else SplitPlain(text, ends, cancellation);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new DataException("pre_tokenizer", $"its expression {e.Pattern} takes longer than {e.MatchTimeout.TotalSeconds} s at one place of a text",
                "an expression without repetitions inside repetitions", "use another tokenizer", e);
        }
    }

    private void SplitPlain(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation)
    {
        var end = 0;
        foreach (var match in regex.EnumerateMatches(text))
        {
            // Each match may have taken nearly as long as the expression is given for one.
            cancellation.ThrowIfCancellationRequested();
            if (match.Length == 0) continue;
            if (match.Index > end) ends.Add(match.Index);
            ends.Add(end = match.Index + match.Length);
        }
        if (end < text.Length) ends.Add(text.Length);
    }

    // .NET matches UTF-16 units, tokenizers match characters: each surrogate pair is replaced by one unit of its category.
    private void SplitWithPairs(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation)
    {
        var units = new StringBuilder(text.Length);
        var positions = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            positions.Add(at);
            var isPair = char.IsHighSurrogate(text[at]) && rune.IsBmp is false;
            units.Append(isPair ? StandIns.GetValueOrDefault(Rune.GetUnicodeCategory(rune), '\uFFFD') : text[at]);
            at += isPair ? 2 : 1;
        }
        positions.Add(text.Length);
        var first = ends.Count;
        SplitPlain(units.ToString(), ends, cancellation);
        for (var i = first; i < ends.Count; i++) ends[i] = positions[ends[i]];
    }
}
