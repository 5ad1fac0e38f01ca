using System.Diagnostics;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>What the ranks have agreed on in a step.</summary>
/// <param name="Stop">One of them was asked to stop.</param>
/// <param name="PartsDone">All have done their part of the checkpoint that is being written.</param>
public readonly record struct StepVotes(bool Stop, bool PartsDone);

/// <summary>One optimizer step: forward and backward over the micro-batches, sum over ranks, clip, update.</summary>
public sealed class TrainStep(TrainState state, TrainConfig config, DataLoader loader, ICollectives ranks, SparsitySink sparsity, NonFiniteGuard guard, RunTrace? trace = null)
{
    private readonly int accumulationSteps = BatchLayout.Of(config, ranks.WorldSize).AccumulationSteps;
    private readonly StepSums sums = new(BatchLayout.Of(config, ranks.WorldSize).MicroBatches, state.Layout.Count);
    private readonly Device device = state.Model.Options.Device;

    /// <summary>Makes the next update and returns what it was like, and what the ranks have agreed on.</summary>
    /// <param name="measureSparsity">True also counts active units and kept keys.</param>
    /// <param name="partDone">Tells whether this rank has done its part of the checkpoint that is being written.</param>
    /// <param name="stop">Asks all ranks to stop after this step.</param>
    /// <exception cref="GuardException">Loss or gradient is not finite; no update was made.</exception>
    public (StepMetrics Metrics, StepVotes Votes) Run(bool measureSparsity, Func<bool> partDone, CancellationToken stop)
    {
        using var scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        long waited = loader.WaitTicks;
        var before = state.Progress;
        sparsity.IsRecording = measureSparsity;
        sparsity.Reset();

        ranks.Report(before.Step + 1, "forward and backward");
        sums.Clear();
        state.Gradients.Clear();
        using (WeightCasts.Hold())
            for (int i = 0; i < accumulationSteps; i++)
            {
                bool isLast = i == accumulationSteps - 1;
                sums.Set(ranks.Rank * accumulationSteps + i, ForwardBackward(isLast));
                if (!isLast) state.Gradients.EndMicroBatch(i);
            }

        var communication = TimeOf(state.Reducer.Finish);
        foreach (var shard in state.Shards) state.Gradients.SumSquares(shard, sums.CellSquares);
        communication += TimeOf(() => sums.AllReduce(ranks, stop.IsCancellationRequested, partDone()));

        // The mean is over all targets of the step, so that ranks and micro-batches with fewer targets do not count more.
        var total = sums.Loss;
        double loss = total.Nats / total.Targets;
        double gradNorm = sums.GradNorm / total.Targets;
        long samples = config.Training.SamplesPerStep();
        guard.Check(before.Step + 1, before.NextSample, samples, loss, gradNorm, state);

        ranks.Report(before.Step + 1, "update");
        double lr = config.LrSchedule.LrAt(before.Step + 1, config.Training.Steps);
        double clip = config.Training.GradClip > 0 ? Math.Min(1, config.Training.GradClip / gradNorm) : 1;
        communication += state.Update(lr, clip / total.Targets);

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        state.Progress = new(before.Step + 1, before.Tokens + config.Training.GlobalBatchTokens, before.NextSample + samples, before.Seconds + seconds);
        return (new()
        {
            Step = state.Progress.Step,
            Tokens = state.Progress.Tokens,
            Loss = loss,
            BitsPerByte = total.BitsPerByte,
            Lr = lr,
            GradNorm = gradNorm,
            TokensPerSecond = config.Training.GlobalBatchTokens / seconds,
            StepSeconds = seconds,
            DataWaitFraction = (double)(loader.WaitTicks - waited) / Stopwatch.Frequency / seconds,
            CommunicationFraction = communication.TotalSeconds / seconds,
        }, new(sums.Stop, sums.PartsDone == ranks.WorldSize));
    }

    private LossTotals ForwardBackward(bool isLast)
    {
        using var scope = NewDisposeScope();
        var batch = loader.Next();
        trace?.Add(batch);
        var loss = BatchLoss.Of(state.Model, batch, device);
        if (isLast) state.Reducer.Begin();
        loss.Nats.backward();
        KernelFailure.ThrowIfAny();
        return new(loss.Nats.item<float>(), loss.Targets, batch.TargetBytes);
    }

    private static TimeSpan TimeOf(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start);
    }
}
