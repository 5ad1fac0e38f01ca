using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>
/// Keys and values of one sequence in one layer. The scored part of the keys lies in panels of 32 tokens; behind it, by token, [K2 | V] where a mask picks tokens, or, for dense attention, V in strips
/// of 128 columns. Position p lies in slot p mod <see cref="Slots"/>, a multiple of 32: local layers keep their window and what a step may add.
/// </summary>
internal abstract unsafe class LayerCache : IDisposable
{
    private protected LayerCache(AttentionConfig config, int slots, int bytesOfNumber)
    {
        (KvHeads, Scored, Slots) = (config.NumKvHeads, config.ScoredWidth(), slots);
        Rest = config.HeadDim - Scored;
        HeadDim = config.HeadDim;
        IsDense = !config.HasTopk();
        PanelBytes = (Scored + 1) / 2 * 64L * bytesOfNumber;
        Keys = new NativeBlock(KvHeads * (slots / 32) * PanelBytes);
    }

    /// <summary>Tokens that it has room for, of each head.</summary>
    public int Slots { get; }

    /// <summary>Coordinates of a head that are scored for every visible key.</summary>
    public int Scored { get; }

    /// <summary>Coordinates of a head that only kept keys need.</summary>
    public int Rest { get; }

    /// <summary>Its memory.</summary>
    public abstract long Bytes { get; }

    private protected int KvHeads { get; }

    private protected int HeadDim { get; }

    private protected bool IsDense { get; }

    private protected long PanelBytes { get; }

    private protected NativeBlock Keys { get; }

    /// <summary>Slots of a layer in a sequence of so many tokens.</summary>
    public static int SlotsFor(int capacity, int? window) =>
        DecodeLimits.Padded(window is { } w && w + (long)DecodeLimits.MaxRows + 64 < capacity ? w + DecodeLimits.MaxRows + 64 : capacity);

    /// <summary>Writes a token's key and value.</summary>
    /// <param name="head">The key/value head.</param>
    /// <param name="position">The token's position.</param>
    /// <param name="key">The scored part of the rotated key.</param>
    /// <param name="rest">The rest of the key.</param>
    /// <param name="value">The value.</param>
    public abstract void Write(int head, int position, float* key, float* rest, float* value);

    /// <summary>Multiplies the 32 keys of a block of positions, position / 32, with queries.</summary>
    public abstract void Score(int head, int block, FloatRows queries, int count, FloatRows scores);

    /// <summary>The row of a position in what <see cref="Dots"/> and <see cref="Add"/> read.</summary>
    public int RowOf(int head, int position) => head * Slots + position % Slots;

    /// <summary>Asks for the rows' pages.</summary>
    public abstract void Touch(ReadOnlySpan<int> rows);

    /// <summary>results[i] = rest of the key in rows[i] · x.</summary>
    public abstract void Dots(ReadOnlySpan<int> rows, float* x, float* results);

    /// <summary>sum += Σ factors[i] · value in rows[i].</summary>
    public abstract void Add(ReadOnlySpan<int> rows, float* factors, float* sum);

    /// <summary>Dense attention: sums[h] += Σ factors[h][i] · value at position first + i, for neighbouring positions.</summary>
    public abstract void AddAll(int head, int first, int positions, FloatRows factors, int heads, FloatRows sums);

    /// <summary>Copies the tokens of a cache of the same layer, those that may be forgotten included; every position that is still needed has a slot in both.</summary>
    public abstract void CopyFrom(LayerCache other, int length, int? window);

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();
}
