namespace SparkTrain.Model;

/// <summary>
/// Collects how sparse a model is while it runs: the share of non-zero FFN neurons and the keys kept and computed with per query, by layer. Given to a model at construction;
/// counts only while <see cref="IsRecording"/>.
/// </summary>
public sealed class SparsitySink
{
    // Shapes: L layers, N tokens (any leading dimensions), B batch, H query head, T position.

    private readonly long[] activeNeurons_L, neurons_L, keptKeys_L, touchedKeys_L, queries_L;
    private readonly List<int[]>[] keptByQuery_L;

    /// <summary>Creates a sink for a model of so many layers.</summary>
    public SparsitySink(int numLayers)
    {
        (activeNeurons_L, neurons_L, keptKeys_L, touchedKeys_L, queries_L) = (new long[numLayers], new long[numLayers], new long[numLayers], new long[numLayers], new long[numLayers]);
        keptByQuery_L = [.. Enumerable.Range(0, numLayers).Select(_ => new List<int[]>())];
    }

    /// <summary>True counts every forward pass; false costs nothing.</summary>
    public bool IsRecording { get; set; } = true;

    /// <summary>True also keeps the count of every single query, for <see cref="KeptByQuery"/>.</summary>
    public bool KeepsEveryQuery { get; set; }

    /// <summary>Active neurons and all neurons, summed over tokens, by layer: sums that ranks can add up.</summary>
    public (IReadOnlyList<long> Active, IReadOnlyList<long> All) Neurons => (activeNeurons_L, neurons_L);

    /// <summary>Kept keys, keys that were computed with once the kept ones were known, and queries, summed over heads and tokens, by layer: sums that ranks can add up.</summary>
    public (IReadOnlyList<long> Kept, IReadOnlyList<long> Touched, IReadOnlyList<long> Queries) Keys => (keptKeys_L, touchedKeys_L, queries_L);

    /// <summary>The share of non-zero FFN neurons of each layer since the last <see cref="Reset"/>; NaN where nothing ran.</summary>
    public double[] FfnActiveFraction() => [.. activeNeurons_L.Zip(neurons_L, (active, all) => (double)active / all)];

    /// <summary>The mean number of keys kept per query of each layer since the last <see cref="Reset"/>; NaN where nothing ran.</summary>
    public double[] AttentionKept() => [.. keptKeys_L.Zip(queries_L, (kept, queries) => (double)kept / queries)];

    /// <summary>The number of keys kept by every query of a layer, in the order [B, H, T], one array per forward pass since the last <see cref="Reset"/>.</summary>
    public IReadOnlyList<int[]> KeptByQuery(int layer) => keptByQuery_L[layer];

    /// <summary>Forgets all counts.</summary>
    public void Reset()
    {
        foreach (long[] sums in (long[][])[activeNeurons_L, neurons_L, keptKeys_L, touchedKeys_L, queries_L]) Array.Clear(sums);
        foreach (var kept in keptByQuery_L) kept.Clear();
    }

    /// <summary>Returns an int32 tensor for an operator's counts, or null while nothing is recorded.</summary>
    internal Tensor? NewCounts(long[] shape, Device device) => IsRecording ? zeros(shape, ScalarType.Int32, device) : null;

    internal void AddActiveNeurons(int layer, Tensor active_N, long width)
    {
        activeNeurons_L[layer] += active_N.sum().item<long>();
        neurons_L[layer] += active_N.NumberOfElements * width;
    }

    internal void AddKeys(int layer, Tensor kept_BHT, Tensor touched_BHT)
    {
        keptKeys_L[layer] += kept_BHT.sum().item<long>();
        touchedKeys_L[layer] += touched_BHT.sum().item<long>();
        queries_L[layer] += kept_BHT.NumberOfElements;
        if (KeepsEveryQuery) keptByQuery_L[layer].Add(kept_BHT.cpu().data<int>().ToArray());
    }
}
