namespace SparkTrain.Data;

/// <summary>
/// Keeps training documents up to a size: when they become too many, the half with the larger hash bit goes, so that the choice does not
/// depend on order.
/// </summary>
internal sealed class TokenizerSample(long maxCharacters)
{
    private readonly List<(string Text, ulong Hash)> documents = [];
    private long characters;
    private int level;

    public IEnumerable<string> Documents => documents.Select(d => d.Text);

    public void Add(string text, ulong contentHash)
    {
        if (!IsKept(contentHash)) return;
        documents.Add((text, contentHash));
        characters += text.Length;
        while (characters > maxCharacters && documents.Count > 1 && level < 32)
        {
            level++;
            documents.RemoveAll(d => !IsKept(d.Hash));
            characters = documents.Sum(d => (long)d.Text.Length);
        }
    }

    // The high bits of the hash decide the split; the low ones are free.
    private bool IsKept(ulong hash) => (hash & ((1UL << level) - 1)) == 0;
}
