using System.Text.Json;
using SparkTrain.Distributed;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>Stops a run before a loss or gradient that is not finite reaches the weights, and leaves the evidence in <c>crash/</c>.</summary>
public sealed class NonFiniteGuard(RunFolder folder, ICollectives ranks)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Checks a step before its update. All ranks call it with the same numbers, and all throw or none.</summary>
    /// <param name="step">The update's number.</param>
    /// <param name="firstSample">Global index of the step's first sample.</param>
    /// <param name="samples">Samples of the step.</param>
    /// <param name="loss">Mean loss in nats per token.</param>
    /// <param name="gradNorm">Global norm of the mean gradient.</param>
    /// <param name="state">The gradients, looked at only when something is wrong.</param>
    /// <exception cref="GuardException">The loss or the norm is not finite.</exception>
    public void Check(long step, long firstSample, long samples, double loss, double gradNorm, TrainState state)
    {
        if (double.IsFinite(loss) && double.IsFinite(gradNorm)) return;
        var named = NonFinite.Names(state.Layout, state.Gradients.Flat, state.Shards, ranks);
        string path = Path.Combine(folder.Crash, $"step-{step:D8}.json");
        if (ranks.Rank == 0 && folder.Loss is null) TryWrite(path, new { Step = step, FirstSample = firstSample, Samples = samples, Loss = loss, GradNorm = gradNorm, NonFiniteGradients = named });
        string which = named.Count == 0 ? "" : $"; {named.Count} gradients are not finite, first {named[0]}";
        throw new GuardException($"step {step}", $"the loss is {loss}, the gradient's norm {gradNorm}{which}", "finite numbers; the update was not made, the last checkpoint is good",
            $"{(File.Exists(path) ? $"see {path}; " : "")}lower LrSchedule.Lr, lengthen WarmupSteps, or use Compute = Float32");
    }

    // A disk that is full must not hide why the run stops.
    private static void TryWrite(string path, object evidence)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(evidence, Json));
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
        }
    }
}
