using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>A parameter's place in a flat buffer.</summary>
/// <param name="Slot">The weight.</param>
/// <param name="Range">Its elements in the buffer.</param>
public sealed record FlatParameter(WeightSlot Slot, FlatRange Range);

/// <summary>
/// The one order in which weights, gradients and moments lie in flat buffers: last used first, so that the backward pass completes gradients from the
/// beginning on. It depends on the model only, not on the number of ranks.
/// </summary>
public sealed class FlatLayout
{
    private readonly Dictionary<string, FlatParameter> byName;

    /// <summary>Lays out weights that are given in the order of their use.</summary>
    public FlatLayout(IEnumerable<WeightSlot> weights)
    {
        var placed = new List<FlatParameter>();
        foreach (var slot in weights.Reverse())
        {
            placed.Add(new(slot, new(Count, slot.Count)));
            Count += slot.Count;
        }
        (Parameters, byName) = (placed, placed.ToDictionary(p => p.Slot.Name));
    }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>The parameters in the order of the buffer.</summary>
    public IReadOnlyList<FlatParameter> Parameters { get; }

    /// <summary>Returns the part of a buffer that belongs to a weight, in its shape, as a view.</summary>
    public Tensor View(Tensor flat, WeightSlot slot) => Slice(flat, byName[slot.Name].Range).view(slot.Shape);

    /// <summary>Returns a range of a buffer, as a view.</summary>
    public static Tensor Slice(Tensor flat, FlatRange range) => flat.narrow(0, range.Begin, range.Count);

    /// <summary>Lists the parameters that lie in a range, each with the part of the buffer that is in both.</summary>
    public IEnumerable<(FlatParameter Parameter, FlatRange Part)> In(FlatRange range) =>
        Parameters.Select(p => (p, p.Range.Intersect(range))).Where(p => p.Item2.Count > 0);

    /// <summary>The element behind the last parameter of a layer.</summary>
    public long EndOf(int layer) => Parameters.Where(p => p.Slot.Layer == layer).Max(p => p.Range.End);
}
