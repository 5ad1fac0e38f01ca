using Serilog;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.Model;

namespace SparkTrain.Trainer;

/// <summary>Keeps a run's sparsity to its schedule, looks at single scores from time to time, and raises alarms.</summary>
public sealed class SparsityWatch(Transformer model, TrainingSamples samples, TrainConfig config, ICollectives ranks, ILogger log)
{
    private readonly SparsityAuditor auditor = new(model, samples, config, ranks);
    private readonly SparsityAlarms alarms = new(config.Model, config.Sparsity);

    /// <summary>Makes the model as sparse as it is to be in a step, counted from 1.</summary>
    public void SetLevel(long step) => config.Sparsity.SetLevel(model.Options.Level, step, config.Model, config.Training.SeqLen);

    /// <summary>True where the step is one to look at.</summary>
    public bool IsDue(long step) => config.Sparsity.AuditEverySteps > 0 && step % config.Sparsity.AuditEverySteps == 0;

    /// <summary>Looks at a step's first samples and adds what is found to its metrics. All ranks call it.</summary>
    /// <param name="metrics">The step's metrics, with its active fractions.</param>
    /// <param name="firstSample">Global index of its first sample.</param>
    public StepMetrics Look(StepMetrics metrics, long firstSample)
    {
        ranks.Report(metrics.Step, "sparsity audit");
        return metrics with { SparsityAudit = auditor.Run(firstSample) };
    }

    /// <summary>Warns of what the look at a step has found beyond the limits.</summary>
    /// <exception cref="GuardException">An alarm, where alarms stop the run; thrown on all ranks.</exception>
    public void RaiseAlarms(StepMetrics metrics)
    {
        // On the way to its sparsity a model is off the target by design.
        if (metrics.SparsityAudit is not { } found || metrics.Step <= config.Sparsity.DenseSteps + config.Sparsity.RampSteps) return;
        var raised = alarms.Of(metrics.FfnActiveFractionByLayer!, found);
        foreach (string problem in raised) log.Warning(TrainEvents.SparsityAlarm, metrics.Step, problem);
        if (raised.Count > 0 && config.Sparsity.StopOnAlarm)
            throw new GuardException($"step {metrics.Step}", raised[0], "a sparsity within the limits of the section Sparsity", "look at sparsity_audit in metrics.jsonl; change the limit, the learning rate or the schedule of k, and go on from the last checkpoint");
    }
}
