using System.Runtime.ExceptionServices;

namespace SparkTrain.Kernels;

/// <summary>Keeps the first exception of a kernel's backward pass, which must not unwind into libtorch: that would end the process.</summary>
public static class KernelFailure
{
    private static ExceptionDispatchInfo? first;

    /// <summary>
    /// Throws the first exception that a backward pass met since the last call, if any. Call it after every <c>backward()</c>: the gradients of a failed
    /// kernel are zero.
    /// </summary>
    public static void ThrowIfAny() => Interlocked.Exchange(ref first, null)?.Throw();

    internal static void Record(Exception failure) => Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(failure), null);
}
