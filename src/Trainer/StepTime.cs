using SparkTrain.Distributed;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>Seconds of one training step on many ranks, by parts: a model that needs the configuration and a few measured speeds. docs/scaling.md derives each term.</summary>
/// <param name="Compute">Forward and backward over a rank's micro-batches.</param>
/// <param name="Reduction">Adding gradients up, as far as the backward pass does not hide it.</param>
/// <param name="ControlSum">The step's sum of doubles.</param>
/// <param name="Update">AdamW on the largest shard.</param>
/// <param name="Gathering">Handing the new weights round.</param>
public sealed record StepTime(double Compute, double Reduction, double ControlSum, double Update, double Gathering)
{
    // A backward pass has twice the products of a forward pass.
    private const double BackwardShare = 2.0 / 3;

    // AdamW reads weight, gradient and two moments and writes three of them back.
    private const double UpdateBytesPerParameter = 7 * sizeof(float);

    /// <summary>The whole step.</summary>
    public double Total => Compute + Reduction + ControlSum + Update + Gathering;

    /// <summary>What the ranks' cooperation takes.</summary>
    public double Communication => Reduction + ControlSum + Gathering;

    /// <summary>Predicts the step of a run with a sharded optimizer in the fast order of sums.</summary>
    /// <param name="config">The run; <see cref="TrainingConfig.GlobalBatchTokens"/> says how many micro-batches a rank has.</param>
    /// <param name="worldSize">Ranks.</param>
    /// <param name="ranksPerHost">Ranks of one host; it divides their number.</param>
    /// <param name="speeds">How fast a rank, a host and the network are.</param>
    /// <param name="overlaps">True where reductions overlap the backward pass.</param>
    public static StepTime Of(TrainConfig config, int worldSize, int ranksPerHost, ClusterSpeeds speeds, bool overlaps)
    {
        var cluster = new Cluster(worldSize, worldSize / ranksPerHost, ranksPerHost, speeds);
        var parameters = ParameterCount.Of(config.Model);
        var buckets = FlatRange.Buckets(parameters.Total, config.Distributed.BucketElements);
        var layout = BatchLayout.Of(config, worldSize);
        double microBatch = speeds.MicroBatchSeconds * layout.Rows / config.Training.MicroBatch;
        return new(layout.AccumulationSteps * microBatch,
            worldSize == 1 ? 0 : Exposed(buckets, parameters, overlaps ? BackwardShare * microBatch : 0, cluster),
            cluster.ControlSum(3L * layout.MicroBatches + (parameters.Total + FlatRange.Cell - 1) / FlatRange.Cell + 1 + worldSize),
            cluster.Update(buckets),
            buckets.Sum(cluster.Gather));
    }

    // The embedding is used first and last, so that its gradient is complete at the end of the backward pass only; blocks are complete one after the other.
    private static double Exposed(IReadOnlyList<FlatRange> buckets, ParameterCount parameters, double backward, Cluster cluster)
    {
        double early = parameters.Total - parameters.Embedding, busyUntil = 0;
        foreach (var bucket in buckets)
        {
            double ready = bucket.End <= early ? bucket.End / early * backward : backward;
            busyUntil = Math.Max(busyUntil, ready) + cluster.Reduce(bucket);
        }
        return busyUntil - backward;
    }

    private sealed record Cluster(int Ranks, int Hosts, int RanksPerHost, ClusterSpeeds Speeds)
    {
        // Every rank of a host reads its part of the bucket from the memory of all, and writes it once.
        public double Reduce(FlatRange bucket)
        {
            double inside = RanksPerHost == 1 ? 0 : Memory(Bytes(bucket.Count) * (RanksPerHost + 1));
            return Hosts == 1 ? inside : inside + Exchange(bucket) + Memory(Bytes(LargestPart(bucket, Hosts)) * (Hosts + 1));
        }

        // The ranks of a host share the weights, so that only the network is left.
        public double Gather(FlatRange bucket) => Hosts == 1 ? 0 : Exchange(bucket);

        // Recursive halving and doubling (Thakur, Rabenseifner, Gropp 2005); the ranks of a host share its link.
        public double ControlSum(long doubles)
        {
            if (Ranks == 1) return 0;
            double rounds = 2 * Math.Ceiling(Math.Log2(Ranks)), bytes = 2.0 * sizeof(double) * doubles * RanksPerHost * (Ranks - 1) / Ranks;
            return rounds * (2 * Speeds.MessageSeconds + (Hosts == 1 ? 0 : Speeds.LinkLatencySeconds)) + (Hosts == 1 ? Memory(2 * bytes) : bytes / Speeds.LinkBytesPerSecond);
        }

        public double Update(IReadOnlyList<FlatRange> buckets)
        {
            long largest = buckets.Sum(bucket => LargestPart(bucket, Ranks)), all = buckets.Sum(bucket => bucket.Count);
            return Math.Max(largest * Speeds.UpdateSecondsPerParameter, Memory(UpdateBytesPerParameter * Math.Min(all, largest * RanksPerHost)));
        }

        // Each host sends of a bucket what the others own and receives, once from each of them, what it owns itself; or the other way round.
        private double Exchange(FlatRange bucket)
        {
            double bytes = Math.Max(Bytes(LargestPart(bucket, Hosts)) * (Hosts - 1), Bytes(bucket.Count) * (Hosts - 1) / Hosts);
            return bytes / Speeds.LinkBytesPerSecond + Speeds.LinkLatencySeconds + 2 * (Hosts - 1) * Speeds.MessageSeconds;
        }

        // Whole cells are dealt out: beyond as many owners as a bucket has cells, some have one and the others none.
        private static long LargestPart(FlatRange bucket, int owners) =>
            Math.Min(bucket.Count, ((bucket.Count + FlatRange.Cell - 1) / FlatRange.Cell + owners - 1) / owners * FlatRange.Cell);

        private double Memory(double bytes) => bytes / Speeds.HostBytesPerSecond;

        private static double Bytes(long elements) => elements * (double)sizeof(float);
    }
}

/// <summary>How fast a cluster is.</summary>
/// <param name="MicroBatchSeconds">Forward and backward of Training.MicroBatch sequences on one rank, while all ranks of its host compute.</param>
/// <param name="UpdateSecondsPerParameter">Norm and AdamW of one parameter on one rank.</param>
/// <param name="HostBytesPerSecond">Bytes that all ranks of a host together read and write in memory.</param>
/// <param name="LinkBytesPerSecond">Bytes that a host sends, and at the same time receives.</param>
/// <param name="LinkLatencySeconds">Time of an empty message to another host.</param>
/// <param name="MessageSeconds">A message's cost on the processor of each end.</param>
public sealed record ClusterSpeeds(double MicroBatchSeconds, double UpdateSecondsPerParameter, double HostBytesPerSecond, double LinkBytesPerSecond, double LinkLatencySeconds, double MessageSeconds);
