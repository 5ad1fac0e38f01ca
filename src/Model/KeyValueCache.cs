namespace SparkTrain.Model;

/// <summary>Rotated keys and values of the tokens decoded so far, for every layer. All keys are kept; local layers leave out the old ones by their window.</summary>
public sealed class KeyValueCache : IDisposable
{
    // Shapes: L layers, B batch, S key (up to the capacity), T new tokens, G key/value head, E head.

    private readonly Tensor[] k_LBSGE, v_LBSGE;

    /// <summary>Allocates an empty cache.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="batch">Sequences decoded side by side.</param>
    /// <param name="capacity">Longest sequence, in tokens.</param>
    /// <param name="options">The model's compute options.</param>
    public KeyValueCache(ModelConfig config, int batch, int capacity, ComputeOptions options)
    {
        Capacity = capacity;
        long[] shape = [batch, capacity, config.Attention.NumKvHeads, config.Attention.HeadDim];
        Tensor[] Allocate() => [.. Enumerable.Range(0, config.NumLayers).Select(_ => zeros(shape, options.MasterDtype, options.Device).DetachFromDisposeScope())];
        (k_LBSGE, v_LBSGE) = (Allocate(), Allocate());
    }

    /// <summary>Tokens held.</summary>
    public int Length { get; private set; }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Forgets all tokens; the memory stays.</summary>
    public void Clear() => Length = 0;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var tensor in k_LBSGE.Concat(v_LBSGE)) tensor.Dispose();
    }

    /// <summary>Writes the new keys and values of one layer behind the old and returns all of them, [B, S, G, E].</summary>
    internal (Tensor K_BSGE, Tensor V_BSGE) Append(int layer, Tensor k_BTGE, Tensor v_BTGE)
    {
        long tokens = k_BTGE.size(1);
        k_LBSGE[layer].narrow(1, Length, tokens).copy_(k_BTGE);
        v_LBSGE[layer].narrow(1, Length, tokens).copy_(v_BTGE);
        return (k_LBSGE[layer].narrow(1, 0, Length + tokens), v_LBSGE[layer].narrow(1, 0, Length + tokens));
    }

    /// <summary>Moves on after every layer has appended.</summary>
    internal void Advance(int tokens) => Length += tokens;
}
