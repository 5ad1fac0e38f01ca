namespace SparkTrain.Model;

/// <summary>
/// Rotated keys and values of the tokens decoded so far, for every layer: all of them in global layers, the last <see cref="AttentionConfig.Window"/> in local ones, where position p lies
/// in slot p mod Window.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    // Shapes: L layers, B batch, S slot or key, T new tokens, G key/value head, E head.

    private readonly Tensor[] k_LBSGE, v_LBSGE;

    /// <summary>Allocates an empty cache.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="batch">Sequences of equal length that are decoded side by side.</param>
    /// <param name="capacity">Longest sequence, in tokens.</param>
    /// <param name="options">The model's compute options.</param>
    public KeyValueCache(ModelConfig config, int batch, int capacity, ComputeOptions options)
    {
        (Batch, Capacity) = (batch, capacity);
        // Memory that was never written is never read, so a generous capacity costs nothing until it is used.
        Tensor Allocate(int layer) => empty(
            [batch, Math.Min(config.Attention.WindowOf(layer) ?? capacity, capacity), config.Attention.NumKvHeads, config.Attention.HeadDim],
            options.MasterDtype, options.Device).DetachFromDisposeScope();
        Tensor[] AllocateAll() => [.. Enumerable.Range(0, config.NumLayers).Select(Allocate)];
        (k_LBSGE, v_LBSGE) = (AllocateAll(), AllocateAll());
    }

    /// <summary>Sequences held.</summary>
    public int Batch { get; }

    /// <summary>Tokens decoded so far, of each sequence.</summary>
    public int Length { get; private set; }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Bytes of all keys and values.</summary>
    public long Bytes => k_LBSGE.Concat(v_LBSGE).Sum(tensor => tensor.NumberOfElements * tensor.ElementSize);

    /// <summary>Forgets all tokens; the memory stays.</summary>
    public void Clear() => Length = 0;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var tensor in k_LBSGE.Concat(v_LBSGE)) tensor.Dispose();
    }

    /// <summary>
    /// Takes the new keys and values of one layer; returns those that the new tokens may see, [B, S, G, E], and the place of the first new one among them. They come in the order of their
    /// positions; but a single token sees all that a full local layer holds, and for it the slots are returned as they lie.
    /// </summary>
    internal (Tensor K_BSGE, Tensor V_BSGE, int First) Append(int layer, Tensor k_BTGE, Tensor v_BTGE)
    {
        int slots = (int)k_LBSGE[layer].size(1), tokens = (int)k_BTGE.size(1);
        if (Length + tokens <= slots || tokens == 1)
        {
            int seen = Math.Min(Length + tokens, slots);
            Tensor Put(Tensor all_BSGE, Tensor new_BTGE)
            {
                all_BSGE.narrow(1, Length % slots, tokens).copy_(new_BTGE);
                return all_BSGE.narrow(1, 0, seen);
            }
            return (Put(k_LBSGE[layer], k_BTGE), Put(v_LBSGE[layer], v_BTGE), seen - tokens);
        }
        // Several tokens see different keys, some of which the last of them overwrite.
        int old = Math.Min(Length, slots - 1);
        Tensor Turn(Tensor all_BSGE, Tensor new_BTGE)
        {
            var seen_BSGE = cat([.. Stretches(Length - old, old, slots).Select(s => all_BSGE.narrow(1, s.Slot, s.Count)), new_BTGE], 1);
            int last = Math.Min(tokens, slots), from = tokens - last;
            foreach (var (slot, count) in Stretches(Length + from, last, slots))
            {
                all_BSGE.narrow(1, slot, count).copy_(new_BTGE.narrow(1, from, count));
                from += count;
            }
            return seen_BSGE;
        }
        return (Turn(k_LBSGE[layer], k_BTGE), Turn(v_LBSGE[layer], v_BTGE), old);
    }

    /// <summary>Moves on after every layer has appended.</summary>
    internal void Advance(int tokens) => Length += tokens;

    // The slots of so many positions, at most one round, as runs without a wrap.
    private static IEnumerable<(int Slot, int Count)> Stretches(int position, int count, int slots)
    {
        int slot = position % slots, first = Math.Min(count, slots - slot);
        if (first > 0) yield return (slot, first);
        if (count > first) yield return (0, count - first);
    }
}
