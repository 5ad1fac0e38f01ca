using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Model;

/// <summary>
/// Fills a new model's weights: norms 0 (neutral), every matrix W [out, in] truncated normal with variance 1/in, so that unit-variance input gives unit-variance
/// output. K1 has in = r and K2 in = d_model − r. The embedding counts as the matrix of the output layer, in = d_model: times √d_model its rows
/// enter the first block with unit variance, and the first loss is about ln V + ½.
/// </summary>
public static class WeightInit
{
    private const double Cut = 3;

    // Standard deviation of a standard normal cut off at ±3.
    private const double CutDeviation = 0.986578;

    /// <summary>Fills all weights. Each tensor has its own random stream, drawn from the seed and its name, so order and number of tensors do not matter.</summary>
    public static void Fill(Transformer model, long seed)
    {
        using var noGradient = no_grad();
        foreach (var (slot, weight) in model.Weights)
            switch (slot.Initial)
            {
                case InitialRule.Zero: weight.zero_(); break;
                case InitialRule.FanIn: Draw(weight, 1 / Math.Sqrt(weight.size(1)), StreamSeed(seed, slot.Name)); break;
                default: throw new ArgumentOutOfRangeException(nameof(model), slot.Initial, "an initial rule without code");
            }
    }

    private static void Draw(Tensor weight_OI, double deviation, ulong streamSeed)
    {
        using var scope = NewDisposeScope();
        // Drawn on the CPU in float32 whatever the device, so that a seed means the same weights everywhere.
        using var generator = new Generator(streamSeed, CPU);
        double tail = special.ndtr(tensor(-Cut, dtype: ScalarType.Float64)).item<double>();
        var uniform_OI = empty(weight_OI.shape, ScalarType.Float32).uniform_(tail, 1 - tail, generator);
        weight_OI.copy_(special.ndtri(uniform_OI) * (deviation / CutDeviation));
    }

    private static ulong StreamSeed(long seed, string name) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed.ToString(System.Globalization.CultureInfo.InvariantCulture)}/{name}")));
}
