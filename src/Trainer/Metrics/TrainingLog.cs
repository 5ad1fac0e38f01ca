using Serilog;
using Serilog.Events;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer;

/// <summary>Says what a run is and how it goes: lines for people, and events with all numbers for whoever draws or stores them.</summary>
internal sealed class TrainingLog(TrainConfig config, ICollectives ranks, ILogger log)
{
    private readonly SystemUsage usage = new();

    /// <summary>The run begins, or goes on from a checkpoint.</summary>
    public void Begin(string? resumedFrom, long step)
    {
        var parameters = ParameterCount.Of(config.Model);
        var training = config.Training;
        log.Information(TrainEvents.Started, config.Run.Name, parameters.Total, parameters.NonEmbedding, training.Steps, training.GlobalBatchTokens, training.Compute.ToString(), training.Device.ToString(), ranks.WorldSize, TorchSharp.torch.get_num_threads());
        var layout = BatchLayout.Of(config, ranks.WorldSize);
        if (layout.Rows != training.MicroBatch) log.Information(TrainEvents.SmallerMicroBatch, layout.Rows * layout.AccumulationSteps, layout.Rows, training.MicroBatch);
        if (resumedFrom is not null) log.Information(TrainEvents.Resumed, config.Run.Name, step, training.Steps, Path.GetFileName(resumedFrom));
    }

    /// <summary>The rate that MFU is a share of, in FLOPs a second over all ranks.</summary>
    public void Peak(double rate) => log.Information(TrainEvents.Peak, rate / 1e12, config.Logging.PeakTeraflops is null ? "the sustained rate of this model's own matrix products here" : "Logging.PeakTeraflops");

    /// <summary>A step as a line.</summary>
    public void Step(StepMetrics m, Pace pace) =>
        log.Information(TrainEvents.Step, m.Step, config.Training.Steps, m.Loss, m.BitsPerByte, m.Lr, m.GradNorm, m.TokensPerSecond, m.Mfu, m.FfnActiveFraction, m.AttentionKept, m.DataWaitFraction, pace.Remaining());

    /// <summary>All numbers of a step, and what the process takes of its machine.</summary>
    public void Publish(StepMetrics m)
    {
        if (!log.IsEnabled(LogEventLevel.Debug)) return;
        var numbers = m.ToJson();
        numbers.Remove("step");
        usage.AddTo(numbers);
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), JsonProperty.Of(RunEvent.Metrics, numbers))).Debug(TrainEvents.Metrics, m.Step);
    }
}
