using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Stops a run before a loss or gradient that is not finite reaches the weights, and leaves the evidence in <c>crash/</c>.</summary>
public sealed class NonFiniteGuard(RunFolder folder)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Checks a step before its update.</summary>
    /// <param name="step">The update's number.</param>
    /// <param name="firstSample">Global index of the step's first sample.</param>
    /// <param name="samples">Samples of the step.</param>
    /// <param name="loss">Mean loss in nats per token.</param>
    /// <param name="gradNorm">Global norm of the mean gradient.</param>
    /// <param name="gradients">Each weight's gradient, looked at only when something is wrong.</param>
    /// <exception cref="GuardException">The loss or the norm is not finite.</exception>
    public void Check(long step, long firstSample, long samples, double loss, double gradNorm, IEnumerable<(string Name, Tensor Gradient)> gradients)
    {
        if (double.IsFinite(loss) && double.IsFinite(gradNorm)) return;
        string[] named = [.. gradients.Where(g => !g.Gradient.isfinite().all().item<bool>()).Select(g => g.Name)];
        Directory.CreateDirectory(folder.Crash);
        string path = Path.Combine(folder.Crash, $"step-{step:D8}.json");
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(new { Step = step, FirstSample = firstSample, Samples = samples, Loss = loss, GradNorm = gradNorm, NonFiniteGradients = named }, Json));
        string which = named.Length == 0 ? "" : $"; {named.Length} gradients are not finite, first {named[0]}";
        throw new GuardException($"step {step}", $"the loss is {loss}, the gradient's norm {gradNorm}{which}", "finite numbers; the update was not made, the last checkpoint is good",
            $"see {path}; lower LrSchedule.Lr, lengthen WarmupSteps, or use Compute = Float32");
    }
}
