using System.Buffers;

namespace SparkTrain.Data;

/// <summary>Finds the leftmost, then longest added token in a text.</summary>
internal sealed class AddedTokenFinder
{
    private readonly SearchValues<char> firstChars;
    private readonly Dictionary<char, AddedToken[]> byFirstChar;

    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        byFirstChar = tokens.Where(t => t.Text.Length > 0).GroupBy(t => t.Text[0])
            .ToDictionary(g => g.Key, g => g.OrderByDescending(t => t.Text.Length).ToArray());
        firstChars = SearchValues.Create([.. byFirstChar.Keys]);
    }

    /// <summary>Returns the token and sets <paramref name="at"/> to its place, or returns null.</summary>
    public AddedToken? FindFirst(ReadOnlySpan<char> text, out int at)
    {
        for (at = 0; at < text.Length; at++)
        {
            var skip = text[at..].IndexOfAny(firstChars);
            if (skip < 0) return null;
            at += skip;
            foreach (var token in byFirstChar[text[at]])
                if (text[at..].StartsWith(token.Text)) return token;
        }
        return null;
    }
}
