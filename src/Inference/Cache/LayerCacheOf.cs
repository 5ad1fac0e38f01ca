using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>Keys and values in float32 or bfloat16.</summary>
internal sealed unsafe class LayerCache<T> : LayerCache where T : struct, IElement
{
    private readonly RowMatrix<T>? rows;
    private readonly ValueStrips<T>? strips;

    /// <summary>Reserves memory; nothing of it is read before it is written.</summary>
    public LayerCache(AttentionConfig config, int slots) : base(config, slots, T.Bytes)
    {
        if (IsDense) strips = new(KvHeads, slots, HeadDim);
        else rows = new((long)KvHeads * slots, Rest, HeadDim);
    }

    /// <inheritdoc/>
    public override long Bytes => Keys.Bytes + (rows?.Bytes ?? 0) + (strips?.Bytes ?? 0);

    /// <inheritdoc/>
    public override void Write(int head, int position, float* key, float* rest, float* value)
    {
        byte* pair = Panel(head, position / 32);
        for (int i = 0; i < Scored; i += 2, pair += 64 * T.Bytes) T.StorePair(pair, position % 32, key[i], i + 1 < Scored ? key[i + 1] : 0);
        rows?.Store(RowOf(head, position), rest, value);
        strips?.Store(head, position % Slots, value);
    }

    /// <inheritdoc/>
    public override void Score(int head, int block, FloatRows queries, int count, FloatRows scores) =>
        PanelKernel<T>.Multiply(Panel(head, block), (Scored + 1) / 2, queries, count, scores);

    /// <inheritdoc/>
    public override void Touch(ReadOnlySpan<int> rows) => this.rows!.Touch(rows);

    /// <inheritdoc/>
    public override void Dots(ReadOnlySpan<int> rows, float* x, float* results) => this.rows!.Dots(rows, x, results);

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<int> rows, float* factors, float* sum) => this.rows!.Add(rows, factors, sum);

    /// <inheritdoc/>
    public override void AddAll(int head, int first, int positions, FloatRows factors, int heads, FloatRows sums)
    {
        // Slots begin anew behind the last one.
        for (int done = 0; done < positions;)
        {
            int slot = (first + done) % Slots, some = Math.Min(positions - done, Slots - slot);
            strips!.Add(head, slot, some, factors.From(done), heads, sums);
            done += some;
        }
    }

    /// <inheritdoc/>
    public override void CopyFrom(LayerCache other, int length, int? window)
    {
        var from = (LayerCache<T>)other;
        int first = window is { } w ? Math.Max(0, length - w - DecodeLimits.MaxRows) : 0;
        for (int head = 0; head < KvHeads; head++)
        {
            for (int block = first / 32; block * 32 < length; block++)
                Buffer.MemoryCopy(from.Panel(head, block), Panel(head, block), PanelBytes, PanelBytes);
            for (int position = first; position < length; position++)
            {
                rows?.CopyRow(from.rows!, from.RowOf(head, position), RowOf(head, position));
                strips?.CopyRow(from.strips!, head, position % from.Slots, position % Slots);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Keys.Dispose();
        rows?.Dispose();
        strips?.Dispose();
    }

    private byte* Panel(int head, int block) => Keys.Start + (head * (Slots / 32L) + block % (Slots / 32)) * PanelBytes;
}
