using SparkTrain.Distributed;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Finds parameters whose values are not finite.</summary>
public static class NonFinite
{
    /// <summary>Returns the names of parameters with a value that is not finite in any rank's ranges, the same on all ranks. All ranks call it.</summary>
    /// <param name="layout">The order of the parameters.</param>
    /// <param name="flat">Their values or gradients.</param>
    /// <param name="ranges">The ranges that this rank looks at.</param>
    /// <param name="ranks">The ranks.</param>
    public static IReadOnlyList<string> Names(FlatLayout layout, Tensor flat, IReadOnlyList<FlatRange> ranges, ICollectives ranks)
    {
        var found = layout.Parameters.Select(parameter =>
        {
            using var scope = NewDisposeScope();
            var mine = ranges.Select(range => range.Intersect(parameter.Range)).Where(part => part.Count > 0);
            return mine.Any(part => !FlatLayout.Slice(flat, part).isfinite().all().item<bool>()) ? 1.0 : 0;
        }).ToArray();
        ranks.AllReduceSum(found);
        return [.. layout.Parameters.Where((_, i) => found[i] > 0).Select(parameter => parameter.Slot.Name)];
    }
}
