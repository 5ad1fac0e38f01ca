using System.Numerics;

namespace SparkTrain.Trainer;

/// <summary>Losses by how many tokens of its own document a target could be predicted from: 1, 2 to 3, 4 to 7, and so on.</summary>
public sealed class LossByContext
{
    private readonly List<(double Nats, long Targets)> buckets = [];

    /// <summary>All targets.</summary>
    public (double Nats, long Targets) Total => (buckets.Sum(b => b.Nats), buckets.Sum(b => b.Targets));

    /// <summary>The buckets: from and to so many tokens, their targets, the mean loss in nats.</summary>
    public IEnumerable<(long From, long To, long Targets, double Loss)> Buckets =>
        buckets.Select((b, i) => (1L << i, (2L << i) - 1, b.Targets, b.Nats / b.Targets)).Where(b => b.Targets > 0);

    /// <summary>Adds a target that stands behind <paramref name="context"/> tokens, at least 1, of its document.</summary>
    public void Add(long context, double nats)
    {
        int bucket = BitOperations.Log2((ulong)context);
        while (buckets.Count <= bucket) buckets.Add(default);
        buckets[bucket] = (buckets[bucket].Nats + nats, buckets[bucket].Targets + 1);
    }

    /// <summary>Adds those of another set.</summary>
    public void Add(LossByContext other)
    {
        for (int i = 0; i < other.buckets.Count; i++)
        {
            while (buckets.Count <= i) buckets.Add(default);
            buckets[i] = (buckets[i].Nats + other.buckets[i].Nats, buckets[i].Targets + other.buckets[i].Targets);
        }
    }
}
