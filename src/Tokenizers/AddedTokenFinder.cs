using System.Buffers;

namespace SparkTrain.Tokenizers;

/// <summary>Finds the leftmost, then longest added token in a text.</summary>
internal sealed class AddedTokenFinder
{
    private readonly SearchValues<char> firstChars;

    // A trie: node 0 is the empty beginning. Gemma has 31 tokens of newlines alone, and every line of a text ends in one of them.
    private readonly PairTable children = new();
    private readonly List<AddedToken?> tokens = [null];

    public AddedTokenFinder(IEnumerable<AddedToken> all)
    {
        var present = all.Where(t => t.Text.Length > 0).ToList();
        firstChars = SearchValues.Create([.. present.Select(t => t.Text[0]).Distinct()]);
        foreach (var token in present) tokens[NodeOf(token.Text)] = token;
    }

    /// <summary>Returns the token and sets <paramref name="at"/> to its place, or returns null.</summary>
    public AddedToken? FindFirst(ReadOnlySpan<char> text, out int at)
    {
        for (at = 0; at < text.Length; at++)
        {
            var skip = text[at..].IndexOfAny(firstChars);
            if (skip < 0) return null;
            at += skip;
            if (LongestAtStart(text[at..]) is { } token) return token;
        }
        return null;
    }

    private AddedToken? LongestAtStart(ReadOnlySpan<char> text)
    {
        AddedToken? longest = null;
        var node = 0;
        foreach (var c in text)
        {
            if (!children.TryGet(PairTable.Key(node, c), out node)) break;
            longest = tokens[node] ?? longest;
        }
        return longest;
    }

    private int NodeOf(string text)
    {
        var node = 0;
        foreach (var c in text)
        {
            if (!children.TryGet(PairTable.Key(node, c), out var child))
            {
                child = tokens.Count;
                tokens.Add(null);
                children.Add(PairTable.Key(node, c), child);
            }
            node = child;
        }
        return node;
    }
}
