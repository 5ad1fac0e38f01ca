using SparkTrain.Generation;
using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>A sequence of the sparse engine: keys and values of its tokens, for every layer.</summary>
internal sealed class DecodeSequence : ITokenSequence
{
    private readonly ModelConfig config;
    private LayerCache[]? layers;
    private int longest;

    /// <summary>Reserves memory.</summary>
    public DecodeSequence(object owner, ModelConfig config, TensorType type, int capacity)
    {
        (Owner, this.config, Capacity) = (owner, config, capacity);
        layers = [.. Enumerable.Range(0, config.NumLayers).Select<int, LayerCache>(layer =>
        {
            int slots = LayerCache.SlotsFor(capacity, config.Attention.WindowOf(layer));
            return type == TensorType.BF16 ? new LayerCache<Bfloat16Element>(config.Attention.Of(layer), slots) : new LayerCache<Float32Element>(config.Attention.Of(layer), slots);
        })];
    }

    /// <summary>The packed model that it belongs to.</summary>
    public object Owner { get; }

    /// <inheritdoc/>
    public int Length { get; private set; }

    /// <inheritdoc/>
    public int Capacity { get; }

    /// <summary>Bytes of keys and values.</summary>
    public long Bytes => Layers.Sum(layer => layer.Bytes);

    /// <summary>True once its memory is freed.</summary>
    public bool IsDisposed => layers is null;

    private LayerCache[] Layers => layers ?? throw new ObjectDisposedException(nameof(DecodeSequence), "the sequence was disposed of");

    /// <summary>The cache of a layer.</summary>
    public LayerCache Layer(int layer) => Layers[layer];

    /// <summary>Moves on after every layer has written its keys and values.</summary>
    public void Advance(int tokens) => longest = Math.Max(longest, Length += tokens);

    /// <summary>Forgets the last tokens. Those further than <see cref="DecodeLimits.MaxRows"/> behind where it once ended need keys that may have been written over.</summary>
    public void Truncate(int length)
    {
        int least = Math.Max(0, longest - DecodeLimits.MaxRows);
        if (length < least || length > Length) throw new ArgumentOutOfRangeException(nameof(length), length, $"from {least} to {Length}");
        Length = length;
    }

    /// <summary>Takes over the tokens of another sequence.</summary>
    public void CopyFrom(DecodeSequence other)
    {
        for (int layer = 0; layer < config.NumLayers; layer++) Layers[layer].CopyFrom(other.Layers[layer], other.Length, config.Attention.WindowOf(layer));
        (Length, longest) = (other.Length, other.longest);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in Interlocked.Exchange(ref layers, null) ?? []) layer.Dispose();
    }
}
