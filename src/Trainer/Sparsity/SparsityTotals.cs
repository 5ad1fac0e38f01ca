using SparkTrain.Distributed;
using SparkTrain.Model;

namespace SparkTrain.Trainer;

/// <summary>Sparsity of a step over all ranks, by layer.</summary>
/// <param name="ActiveFraction">Share of non-zero FFN units.</param>
/// <param name="KeysKept">Mean number of keys kept per query.</param>
/// <param name="KeysTouched">Mean number of keys that a query was computed with once the kept ones were known: dense blocks of queries leave none out.</param>
public sealed record SparsityTotals(double[] ActiveFraction, double[] KeysKept, double[] KeysTouched)
{
    /// <summary>Adds up what the sinks of all ranks have counted. All ranks call it.</summary>
    public static SparsityTotals AllReduce(SparsitySink sparsity, ICollectives ranks)
    {
        var ((active, all), (kept, touched, queries)) = (sparsity.Neurons, sparsity.Keys);
        int layers = active.Count;
        double[] sums = [.. active.Concat(all).Concat(kept).Concat(touched).Concat(queries).Select(n => (double)n)];
        ranks.AllReduceSum(sums);
        double[] Mean(int part, int count) => [.. Enumerable.Range(0, layers).Select(i => sums[part * layers + i] / sums[count * layers + i])];
        return new(Mean(0, 1), Mean(2, 4), Mean(3, 4));
    }
}
