using System.Diagnostics;
using SparkTrain.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Measures the peak that MFU is a share of.</summary>
public static class MachinePeak
{
    // Many short products: on a shared machine some of them run undisturbed.
    private const int Size = 768;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(0.5);

    /// <summary>Returns the best rate of a square matrix product with the run's arithmetic and threads, in floating-point operations a second.</summary>
    public static double Measure(ComputeType compute, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var type = compute == ComputeType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var a = rand(Size, Size, device: device).to(type);
        long begin = Stopwatch.GetTimestamp();
        double best = 0;
        while (Stopwatch.GetElapsedTime(begin) < Duration)
        {
            long start = Stopwatch.GetTimestamp();
            using var product = MatrixProduct.Of(a, a);
            if (device.type == DeviceType.CUDA) cuda.synchronize();
            best = Math.Max(best, 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
