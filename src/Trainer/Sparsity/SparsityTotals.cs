using SparkTrain.Distributed;
using SparkTrain.Model;

namespace SparkTrain.Trainer;

/// <summary>Sparsity of a step over all ranks.</summary>
public static class SparsityTotals
{
    /// <summary>Returns the share of non-zero FFN units and the mean number of keys kept per query, for each layer.</summary>
    public static (double[] ActiveFraction, double[] KeysKept) AllReduce(SparsitySink sparsity, ICollectives ranks)
    {
        var ((active, all), (kept, queries)) = (sparsity.Neurons, sparsity.Keys);
        int layers = active.Count;
        double[] sums = [.. active.Concat(all).Concat(kept).Concat(queries).Select(n => (double)n)];
        ranks.AllReduceSum(sums);
        return ([.. Enumerable.Range(0, layers).Select(i => sums[i] / sums[layers + i])], [.. Enumerable.Range(2 * layers, layers).Select(i => sums[i] / sums[layers + i])]);
    }
}
