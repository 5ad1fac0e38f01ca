using System.Text;

namespace SparkTrain.Data;

/// <summary>
/// Encodes stretches of text that hold no added token; remembers the ids of words it has seen. Not for two threads at once.
/// </summary>
internal sealed class BpeEncoder
{
    private const int MaxCachedWords = 1 << 16, MaxCachedLength = 64;

    private readonly BpeDefinition definition;
    private readonly BpeMerger merger;
    private readonly Dictionary<string, int[]> cache = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> cached;
    private readonly List<int> ends = [], symbols = [];
    private char[] marked = new char[1024];
    private byte[] utf8 = new byte[1024];

    public BpeEncoder(BpeDefinition definition)
    {
        this.definition = definition;
        merger = new BpeMerger(definition.Merges, definition.MergedIds);
        cached = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public void Encode(ReadOnlySpan<char> text, List<int> tokens)
    {
        if (definition.UsesSpaceMark)
        {
            if (marked.Length < text.Length) marked = new char[text.Length * 2];
            text.Replace(marked, ' ', SpaceMarkSplitter.SpaceMark);
            text = marked.AsSpan(0, text.Length);
        }
        ends.Clear();
        definition.Splitter.Split(text, ends);
        var start = 0;
        foreach (var end in ends)
        {
            EncodeWord(text[start..end], tokens);
            start = end;
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> tokens)
    {
        var isShort = word.Length <= MaxCachedLength;
        if (isShort && cached.TryGetValue(word, out var ids))
        {
            tokens.AddRange(ids);
            return;
        }
        symbols.Clear();
        if (definition.WholeWords is { } whole && whole.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var id))
            symbols.Add(id);
        else
        {
            if (definition.CharacterIds is { } characters) AddCharacters(word, characters);
            else AddBytes(word);
            merger.Merge(symbols);
        }
        tokens.AddRange(symbols);
        if (!isShort) return;
        if (cache.Count >= MaxCachedWords) cache.Clear();
        cached[word] = [.. symbols];
    }

    private void AddBytes(ReadOnlySpan<char> word)
    {
        if (utf8.Length < word.Length * 3) utf8 = new byte[word.Length * 6];
        var count = Encoding.UTF8.GetBytes(word, utf8);
        foreach (var b in utf8.AsSpan(0, count)) symbols.Add(definition.ByteIds[b]);
    }

    private void AddCharacters(ReadOnlySpan<char> word, Dictionary<int, int> characters)
    {
        Span<byte> fallback = stackalloc byte[4];
        foreach (var rune in word.EnumerateRunes())
        {
            if (characters.TryGetValue(rune.Value, out var id)) symbols.Add(id);
            else
                foreach (var b in fallback[..rune.EncodeToUtf8(fallback)]) symbols.Add(definition.ByteIds[b]);
        }
    }
}
