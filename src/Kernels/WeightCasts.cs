namespace SparkTrain.Kernels;

/// <summary>
/// Keeps the bfloat16 copies of weights between <see cref="Hold"/> and its disposal, so that gradient accumulation casts each weight once a step, not once a
/// micro-batch. The holder promises that the weights do not change meanwhile. Without a holder on this thread every use casts anew, which is slower, never wrong.
/// </summary>
public sealed class WeightCasts : IDisposable
{
    [ThreadStatic] private static WeightCasts? current;

    // By reference: Tensor's own equality compares elements.
    private readonly Dictionary<Tensor, Tensor> casts = new(ReferenceEqualityComparer.Instance);

    private WeightCasts() { }

    /// <summary>Begins to keep casts on this thread; dispose the result before the optimizer steps.</summary>
    /// <exception cref="InvalidOperationException">Casts are already being kept on this thread.</exception>
    public static WeightCasts Hold() =>
        current is null ? current = new WeightCasts() : throw new InvalidOperationException("weight casts are already held on this thread; dispose the first holder");

    /// <summary>Frees the copies.</summary>
    public void Dispose()
    {
        foreach (var cast in casts.Values) cast.Dispose();
        casts.Clear();
        if (current == this) current = null;
    }

    /// <summary>Returns the bfloat16 copy of a weight as a tensor of the current dispose scope.</summary>
    internal static Tensor Bfloat16(Tensor weight)
    {
        if (current is null) return weight.to(ScalarType.BFloat16);
        if (!current.casts.TryGetValue(weight, out var cast))
            current.casts[weight] = cast = weight.detach().to(ScalarType.BFloat16).DetachFromDisposeScope();
        return cast.alias();
    }
}
