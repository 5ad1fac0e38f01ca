using System.Diagnostics;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.Model.Kernels;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>One optimizer step: forward and backward over the micro-batches, sum over ranks, clip, update.</summary>
public sealed class TrainStep(TrainState state, TrainConfig config, DataLoader loader, ICollectives ranks, SparsitySink sparsity, NonFiniteGuard guard)
{
    private readonly int accumulationSteps = config.Training.AccumulationSteps(ranks.WorldSize);
    private readonly Device device = config.Training.Device == DeviceKind.Cuda ? CUDA : CPU;

    /// <summary>Makes the next update and returns what it was like.</summary>
    /// <param name="measureSparsity">True also counts active units and kept keys.</param>
    /// <exception cref="GuardException">Loss or gradient is not finite; no update was made.</exception>
    public StepMetrics Run(bool measureSparsity)
    {
        using var scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        long waited = loader.WaitTicks;
        sparsity.IsRecording = measureSparsity;
        sparsity.Reset();

        state.Gradients.Clear();
        var sums = new LossTotals();
        using (WeightCasts.Hold())
            for (int i = 0; i < accumulationSteps; i++) sums += ForwardBackward();

        // The mean is over all targets of the step, so that ranks and micro-batches with fewer targets do not count more.
        sums = sums.AllReduce(ranks);
        state.Gradients.AllReduce(ranks);
        double loss = sums.Nats / sums.Targets;
        double gradNorm = GradNorm() / sums.Targets;
        long samples = config.Training.GlobalBatchTokens / config.Training.SeqLen;
        var before = state.Progress;
        guard.Check(before.Step + 1, before.NextSample, samples, loss, gradNorm, state.NamedGradients());

        double lr = config.LrSchedule.LrAt(before.Step + 1, config.Training.Steps);
        double clip = config.Training.GradClip > 0 ? Math.Min(1, config.Training.GradClip / gradNorm) : 1;
        state.Update(lr, clip / sums.Targets);

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        state.Progress = new(before.Step + 1, before.Tokens + config.Training.GlobalBatchTokens, before.NextSample + samples, before.Seconds + seconds);
        return new()
        {
            Step = state.Progress.Step,
            Tokens = state.Progress.Tokens,
            Loss = loss,
            BitsPerByte = sums.BitsPerByte,
            Lr = lr,
            GradNorm = gradNorm,
            TokensPerSecond = config.Training.GlobalBatchTokens / seconds,
            StepSeconds = seconds,
            DataWaitFraction = (double)(loader.WaitTicks - waited) / Stopwatch.Frequency / seconds,
        };
    }

    private LossTotals ForwardBackward()
    {
        using var scope = NewDisposeScope();
        var batch = loader.Next();
        var loss = BatchLoss.Of(state.Model, batch, device);
        loss.Nats.backward();
        KernelFailure.ThrowIfAny();
        return new(loss.Nats.item<float>(), loss.Targets, batch.TargetBytes);
    }

    private double GradNorm() => Math.Sqrt(state.Gradients.SumOfSquares());
}
