using System.Text;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Encodes stretches of text that hold no added token; remembers the ids of words it has seen. Not for two threads at once.
/// </summary>
internal sealed class BpeEncoder(BpeDefinition definition)
{
    private readonly BpeMerger merger = new(definition.Merges, definition.MergedIds);
    private readonly WordCache cache = new();
    private readonly List<int> ends = [];
    private char[] marked = new char[1024];
    private byte[] utf8 = new byte[1024];
    private int[] symbols = new int[1024];

    public void Encode(ReadOnlySpan<char> text, List<int> tokens, CancellationToken cancellation)
    {
        if (definition.UsesSpaceMark)
        {
            if (marked.Length < text.Length) marked = new char[text.Length * 2];
            text.Replace(marked, ' ', SpaceMarkSplitter.SpaceMark);
            text = marked.AsSpan(0, text.Length);
        }
        ends.Clear();
        definition.Splitter.Split(text, ends, cancellation);
        var start = 0;
        foreach (var end in ends)
        {
            EncodeWord(text[start..end], tokens);
            start = end;
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> tokens)
    {
        if (word.Length > WordCache.MaxLength)
        {
            tokens.AddRange(Merge(word));
            return;
        }
        if (cache.TryAppend(word, tokens)) return;
        var ids = Merge(word);
        tokens.AddRange(ids);
        cache.Add(word, ids);
    }

    private ReadOnlySpan<int> Merge(ReadOnlySpan<char> word)
    {
        if (symbols.Length < word.Length * 3) symbols = new int[word.Length * 6];   // a character has at most three bytes
        if (definition.WholeWords is { } whole && whole.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var id))
        {
            symbols[0] = id;
            return symbols.AsSpan(0, 1);
        }
        var count = definition.CharacterIds is { } characters ? AddCharacters(word, characters) : AddBytes(word);
        return symbols.AsSpan(0, merger.Merge(symbols.AsSpan(0, count)));
    }

    private int AddBytes(ReadOnlySpan<char> word)
    {
        if (utf8.Length < word.Length * 3) utf8 = new byte[word.Length * 6];
        var count = Encoding.UTF8.GetBytes(word, utf8);
        for (var i = 0; i < count; i++) symbols[i] = definition.ByteIds[utf8[i]];
        return count;
    }

    private int AddCharacters(ReadOnlySpan<char> word, int[] characters)
    {
        Span<byte> fallback = stackalloc byte[4];
        var count = 0;
        foreach (var rune in word.EnumerateRunes())
        {
            if (characters[rune.Value] is > 0 and var idPlusOne) symbols[count++] = idPlusOne - 1;
            else
                foreach (var b in fallback[..rune.EncodeToUtf8(fallback)]) symbols[count++] = definition.ByteIds[b];
        }
        return count;
    }
}
