using System.Diagnostics;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>A training run, ready to make steps: those of the trainer itself.</summary>
internal sealed class BenchRun : IDisposable
{
    private readonly TrainConfig config;
    private readonly RunFolder folder;
    private readonly DataMixture data;
    private readonly DataLoader loader;
    private readonly TrainStep step;
    private readonly BatchLayout batch;

    /// <summary>Builds the model and opens the data. All ranks call it.</summary>
    public BenchRun(TrainConfig config, ICollectives ranks)
    {
        (this.config, batch) = (config, BatchLayout.Of(config, ranks.WorldSize));
        var held = ranks.Rank == 0 ? RunFolder.Open(config.Run) : null;
        ranks.Barrier();
        folder = held ?? RunFolder.Join(config.Run);
        data = TrainingData.Open(config);
        var sparsity = new SparsitySink(config.Model.NumLayers);
        State = TrainingModel.Create(config, sparsity, ranks);
        loader = TrainingData.Loader(TrainingData.Samples(data, config), config, ranks, 0);
        step = new(State, config, loader, ranks, sparsity, new(folder, ranks));
    }

    /// <summary>Weights, gradients and moments.</summary>
    public TrainState State { get; }

    /// <summary>Makes steps; returns the seconds of one, and the share of it that <c>communication_fraction</c> in the metrics says.</summary>
    public (double Seconds, double Communication) Steps(int count)
    {
        double seconds = 0, communication = 0;
        for (int i = 0; i < count; i++)
        {
            var metrics = step.Run(measureSparsity: false, () => true, CancellationToken.None).Metrics;
            seconds += metrics.StepSeconds!.Value;
            communication += metrics.CommunicationFraction!.Value * metrics.StepSeconds.Value;
        }
        return (seconds / count, communication / seconds);
    }

    /// <summary>Returns the seconds of what a step does to this rank's parameters after the reduction: the gradient's norm and AdamW, here without effect on the weights.</summary>
    public double Update()
    {
        var sums = new StepSums(batch.MicroBatches, State.Layout.Count);
        long start = Stopwatch.GetTimestamp();
        foreach (var shard in State.Shards) State.Gradients.SumSquares(shard, sums.CellSquares);
        State.Update(lr: 0, gradientScale: 1);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        loader.Dispose();
        State.Dispose();
        State.Model.Dispose();
        data.Dispose();
        folder.Dispose();
    }
}
