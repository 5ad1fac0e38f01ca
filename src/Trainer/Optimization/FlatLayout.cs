using SparkTrain.Distributed;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>A parameter's place in a flat buffer.</summary>
/// <param name="Name">Its name in model files.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Range">Its elements in the buffer.</param>
public sealed record FlatParameter(string Name, long[] Shape, FlatRange Range);

/// <summary>
/// The one order in which weights, gradients and moments lie in flat buffers: last used first, so that the backward pass completes gradients from the
/// beginning on. It depends on the model only, not on the number of ranks.
/// </summary>
public sealed class FlatLayout
{
    private readonly Dictionary<string, FlatParameter> byName;

    /// <summary>Lays out parameters that are given in the order of their use.</summary>
    public FlatLayout(IEnumerable<(string Name, Tensor Weight)> parameters)
    {
        var placed = new List<FlatParameter>();
        foreach (var (name, weight) in parameters.Reverse())
        {
            placed.Add(new(name, weight.shape, new(Count, weight.numel())));
            Count += weight.numel();
        }
        (Parameters, byName) = (placed, placed.ToDictionary(p => p.Name));
    }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>The parameters in the order of the buffer.</summary>
    public IReadOnlyList<FlatParameter> Parameters { get; }

    /// <summary>Returns the part of a buffer that belongs to a parameter, in its shape, as a view.</summary>
    public Tensor View(Tensor flat, string name) => Slice(flat, byName[name].Range).view(byName[name].Shape);

    /// <summary>Returns a range of a buffer, as a view.</summary>
    public static Tensor Slice(Tensor flat, FlatRange range) => flat.narrow(0, range.Begin, range.Count);

    /// <summary>Lists the parameters that lie in a range, each with the part of the buffer that is in both.</summary>
    public IEnumerable<(FlatParameter Parameter, FlatRange Part)> In(FlatRange range) =>
        Parameters.Select(p => (p, p.Range.Intersect(range))).Where(p => p.Item2.Count > 0);

    /// <summary>The element behind the last parameter whose name begins so.</summary>
    public long EndOf(string prefix) => Parameters.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal)).Max(p => p.Range.End);
}
