namespace SparkTrain.Data;

/// <summary>What a mixture needs to know of one source.</summary>
/// <param name="WeightAt">Its weight from a sample of the run on.</param>
/// <param name="Changes">The samples of the run at which its weight changes.</param>
/// <param name="Limit">The samples that it may give in all; null for no limit.</param>
internal sealed record MixturePart(Func<long, double> WeightAt, IReadOnlyList<long> Changes, long? Limit);

/// <summary>
/// Tells which source each sample of a run comes from: a pure function of the weights. Of any first n samples each source has its share of n to within half a
/// sample for each source; a source that has given its limit leaves its share to the others.
/// </summary>
/// <remarks>
/// Among the first n samples of a stage with weights w, source 0 has round(n·w₀/Σw); of the rest source 1 has round(rest·w₁/(Σw − w₀)), and so on. Each of these counts
/// grows by 0 or 1 when n grows by 1, which makes the source of sample n, and its number among that source's samples, a matter of arithmetic.
/// </remarks>
internal sealed class MixtureOrder
{
    private readonly List<Stage> stages = [];
    private readonly int parts;

    public MixtureOrder(IReadOnlyList<MixturePart> parts)
    {
        this.parts = parts.Count;
        long[] changes = [.. parts.SelectMany(p => p.Changes).Where(c => c > 0).Distinct().Order()];
        var (first, taken) = (0L, new long[parts.Count]);
        while (true)
        {
            var weights = parts.Select((p, s) => taken[s] < (p.Limit ?? long.MaxValue) ? p.WeightAt(first) : 0).ToArray();
            if (weights.Max() == 0) break;
            var stage = new Stage(first, taken, weights);
            stages.Add(stage);
            var next = changes.FirstOrDefault(c => c > first, long.MaxValue);
            foreach (var (s, part) in parts.Index())
                if (part.Limit is { } limit && weights[s] > 0) next = Math.Min(next, stage.FirstWith(s, limit, next));
            if (next == long.MaxValue) return;
            (first, taken) = (next, stage.Taken(next));
        }
        Length = first;
    }

    /// <summary>Samples until every source has given its limit; null where that never happens.</summary>
    public long? Length { get; }

    /// <summary>Returns the source of sample <paramref name="index"/> of the run, and which of that source's samples it is.</summary>
    public (int Source, long Sample) this[long index] => StageOf(index)![index];

    /// <summary>Returns how many of the first <paramref name="count"/> samples each source gives.</summary>
    public long[] Taken(long count) => StageOf(count)?.Taken(count) ?? new long[parts];

    private Stage? StageOf(long index) => stages.FindLast(stage => stage.First <= index);

    /// <summary>A stretch of samples with constant weights.</summary>
    private sealed class Stage
    {
        // Whole numbers keep the counts exact and monotone however long the run is.
        private const double Unit = 1L << 40;

        private readonly long[] before;
        private readonly ulong[] weights, rest;

        public Stage(long first, long[] before, double[] weights)
        {
            (First, this.before) = (first, before);
            var sum = weights.Sum();
            this.weights = [.. weights.Select(w => w == 0 ? 0 : (ulong)Math.Max(1, Math.Round(w / sum * Unit)))];
            rest = [.. this.weights.Select((_, s) => this.weights.Skip(s).Aggregate(0UL, (a, b) => a + b))];
        }

        public long First { get; }

        public (int Source, long Sample) this[long index]
        {
            get
            {
                var n = index - First;
                for (var source = 0; ; source++)
                {
                    var count = Count(n, source);
                    if (Count(n + 1, source) > count) return (source, before[source] + count);
                    n -= count;
                }
            }
        }

        public long[] Taken(long index)
        {
            var (taken, n) = ((long[])before.Clone(), index - First);
            for (var source = 0; source < taken.Length; source++)
            {
                var count = Count(n, source);
                taken[source] += count;
                n -= count;
            }
            return taken;
        }

        /// <summary>Returns the smallest index, at most <paramref name="end"/>, before which <paramref name="source"/> has given <paramref name="samples"/>.</summary>
        public long FirstWith(int source, long samples, long end)
        {
            var low = First;
            while (low < end)
            {
                var middle = low + ((end - low) / 2);
                if (Taken(middle)[source] >= samples) end = middle;
                else low = middle + 1;
            }
            return end;
        }

        // The last source with a weight takes the rest; of a single one nothing need be divided.
        private long Count(long n, int source) =>
            weights[source] == rest[source] ? n : weights[source] == 0 ? 0 : (long)((((UInt128)(ulong)n * weights[source] * 2) + rest[source]) / ((UInt128)rest[source] * 2));
    }
}
