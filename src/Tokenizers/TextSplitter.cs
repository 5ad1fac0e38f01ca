namespace SparkTrain.Tokenizers;

/// <summary>Cuts text into the stretches that BPE merges never cross.</summary>
internal abstract class TextSplitter
{
    /// <summary>Appends the end of every stretch of <paramref name="text"/> in order; the last end is the text's length. Whatever can be slow looks at <paramref name="cancellation"/> meanwhile.</summary>
    public abstract void Split(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation = default);
}

/// <summary>Leaves the text whole.</summary>
internal sealed class WholeText : TextSplitter
{
    public override void Split(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation = default)
    {
        if (!text.IsEmpty) ends.Add(text.Length);
    }
}

/// <summary>
/// Cuts before every run of space marks (U+2581) and around every run of newlines. Exact for vocabularies in which no merge makes a piece
/// that crosses such a place, as in Gemma's; without it a whole document would be one stretch.
/// </summary>
internal sealed class SpaceMarkSplitter : TextSplitter
{
    public const char SpaceMark = '\u2581';

    public static bool Crosses(string piece)
    {
        for (var i = 1; i < piece.Length; i++)
            if (IsCut(piece[i - 1], piece[i])) return true;
        return false;
    }

    public override void Split(ReadOnlySpan<char> text, List<int> ends, CancellationToken cancellation = default)
    {
        for (var i = 1; i < text.Length; i++)
            if (IsCut(text[i - 1], text[i])) ends.Add(i);
        if (!text.IsEmpty) ends.Add(text.Length);
    }

    private static bool IsCut(char before, char after) =>
        (after == SpaceMark && before != SpaceMark) || (before == '\n') != (after == '\n');
}
