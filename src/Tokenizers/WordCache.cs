namespace SparkTrain.Tokenizers;

/// <summary>
/// Remembers the ids of words. Text and ids lie in two long arrays, so that a new word allocates nothing; when one of the arrays is full
/// everything is forgotten.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longer words rarely come again.</summary>
    public const int MaxLength = 64;

    private const int MaxWords = 1 << 17, Slots = MaxWords * 2, Mask = Slots - 1;

    private readonly Slot[] slots = new Slot[Slots];
    private readonly char[] text = new char[MaxWords * 16];
    private readonly int[] ids = new int[MaxWords * 8];
    private int count, textEnd, idsEnd;

    /// <summary>Appends the ids of <paramref name="word"/> to <paramref name="tokens"/>; returns false where they are not known.</summary>
    public bool TryAppend(ReadOnlySpan<char> word, List<int> tokens)
    {
        ref var slot = ref Find(word, string.GetHashCode(word));
        if (slot.IsFree) return false;
        tokens.AddRange(ids.AsSpan(slot.Ids, slot.Count));
        return true;
    }

    /// <summary>Keeps the ids of a word that <see cref="TryAppend"/> has just not found.</summary>
    public void Add(ReadOnlySpan<char> word, ReadOnlySpan<int> tokens)
    {
        if (count == MaxWords || textEnd + word.Length > text.Length || idsEnd + tokens.Length > ids.Length) Clear();
        var hash = string.GetHashCode(word);
        Find(word, hash) = new Slot(hash, textEnd, idsEnd, (ushort)word.Length, (ushort)tokens.Length);
        word.CopyTo(text.AsSpan(textEnd));
        tokens.CopyTo(ids.AsSpan(idsEnd));
        (count, textEnd, idsEnd) = (count + 1, textEnd + word.Length, idsEnd + tokens.Length);
    }

    private ref Slot Find(ReadOnlySpan<char> word, int hash)
    {
        for (var at = hash & Mask; ; at = (at + 1) & Mask)
        {
            ref var slot = ref slots[at];
            if (slot.IsFree || (slot.Hash == hash && word.SequenceEqual(text.AsSpan(slot.Text, slot.Length)))) return ref slot;
        }
    }

    private void Clear()
    {
        Array.Clear(slots);
        (count, textEnd, idsEnd) = (0, 0, 0);
    }

    private readonly record struct Slot(int Hash, int Text, int Ids, ushort Length, ushort Count)
    {
        public bool IsFree => Length == 0;
    }
}
