namespace SparkTrain.Data;

/// <summary>
/// Keeps the most recently used values up to a total cost, and hands on what it drops. Not for two threads at once.
/// </summary>
internal sealed class LruCache<TKey, TValue>(long capacity, Func<TValue, long> cost, Action<TValue>? drop = null)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> recent = new();
    private long total;

    public IEnumerable<TValue> Values => recent.Select(e => e.Value);

    /// <summary>
    /// Returns the value of <paramref name="key"/>, making it if it is not kept. The newest value is kept even if it alone exceeds the
    /// capacity.
    /// </summary>
    public TValue GetOrAdd(TKey key, Func<TKey, TValue> make)
    {
        if (nodes.TryGetValue(key, out var node))
        {
            recent.Remove(node);
            recent.AddFirst(node);
            return node.Value.Value;
        }
        var value = make(key);
        nodes[key] = recent.AddFirst((key, value));
        total += cost(value);
        while (total > capacity && recent.Count > 1) DropOldest();
        return value;
    }

    private void DropOldest()
    {
        var (key, value) = recent.Last!.Value;
        recent.RemoveLast();
        nodes.Remove(key);
        total -= cost(value);
        drop?.Invoke(value);
    }
}
