using System.Diagnostics;
using SparkTrain.Kernels;
using SparkTrain.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Measures the peak that MFU is a share of: the sustained rate of the matrix products that a model trains with.</summary>
public static class MachinePeak
{
    // Shapes: N rows, O outputs, I inputs. Larger products are no faster, and take longer to measure.
    private const long MostRows = 1024, MostOutputs = 4096;
    private const int LeastRounds = 4, MostRounds = 32;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Returns the floating-point operations a second of x·Wᵀ, g·W and gᵀ·x for every weight matrix W of a model, with the run's arithmetic and threads. Each
    /// product counts with the median of its times over rounds that go through all of them, so that neither a lucky moment nor a disturbed one decides.
    /// </summary>
    /// <param name="model">The model, on the device that it trains on.</param>
    /// <param name="rows">Tokens of a micro-batch.</param>
    /// <param name="compute">The type of the products.</param>
    public static double Measure(Transformer model, long rows, ComputeType compute)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (device, type) = (model.Options.Device, compute == ComputeType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        var products = model.parameters().Where(p => p.dim() == 2).GroupBy(p => (Outputs: Math.Min(p.size(0), MostOutputs), Inputs: p.size(1)))
            .Select(same => new Products(Math.Min(rows, MostRows), same.Key.Outputs, same.Key.Inputs, same.Count(), type, device)).ToArray();
        long begin = Stopwatch.GetTimestamp();
        for (int round = 0; round < LeastRounds || (round < MostRounds && Stopwatch.GetElapsedTime(begin) < Duration); round++)
            foreach (var product in products) product.Run(isCounted: round > 0);
        return products.Sum(p => p.Flops) / products.Sum(p => p.Seconds());
    }

    // The three products of a weight's shape.
    private sealed class Products(long rows, long outputs, long inputs, int weights, ScalarType type, Device device)
    {
        private readonly Tensor x_NI = Filled(rows, inputs, type, device), g_NO = Filled(rows, outputs, type, device), w_OI = Filled(outputs, inputs, type, device);
        private readonly List<double>[] seconds = [[], [], []];

        internal double Flops => 6.0 * rows * outputs * inputs * weights;

        internal void Run(bool isCounted)
        {
            Time(0, x_NI, w_OI.t());
            Time(1, g_NO, w_OI);
            Time(2, g_NO.t(), x_NI);

            void Time(int product, Tensor a, Tensor b)
            {
                long start = Stopwatch.GetTimestamp();
                using var result = MatrixProduct.Of(a, b);
                Native.DeviceMemory.Synchronize(device);
                if (isCounted) seconds[product].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        internal double Seconds() => weights * seconds.Sum(times => times.Order().ElementAt(times.Count / 2));

        // Numbers without a generator, whose state belongs to the run, and other than 0, which some processors multiply faster.
        private static Tensor Filled(long n, long m, ScalarType type, Device device) => linspace(-1, 1, n * m, dtype: ScalarType.Float32, device: device).view(n, m).to(type);
    }
}
