namespace SparkTrain.Kernels;

/// <summary>
/// Rotary position embedding: the pair (xᵢ, xᵢ₊w/₂) of a part of width w turns by position · base^(−2i/w), halves paired as in Gemma.
/// Spark attention turns the predictor's part and the rest separately, each over its own width (paper section 4).
/// </summary>
public sealed class RotaryEmbedding : IDisposable
{
    // Shapes: B batch, T position, H head, E head width, W half the width of a part, P positions in the table.

    private const long FirstTableLength = 128;

    private readonly ScalarType activations;
    private readonly Device device;
    private readonly Dictionary<long, (Tensor Cos_PW, Tensor Sin_PW)> tables = [];

    /// <summary>Creates the embedding for one shape of attention.</summary>
    /// <param name="config">The attention.</param>
    /// <param name="activations">Type of what is rotated.</param>
    /// <param name="device">Where it lives.</param>
    public RotaryEmbedding(AttentionConfig config, ScalarType activations, Device device)
    {
        (Theta, PredictorDim) = (config.RopeTheta, config.PredictorDim);
        (this.activations, this.device) = (activations, device);
    }

    /// <summary>The base.</summary>
    public double Theta { get; }

    /// <summary>Width of the first part; 0 turns the whole head as one part.</summary>
    public int PredictorDim { get; }

    /// <summary>As <see cref="KernelSet.Rotate"/>.</summary>
    internal Tensor Composed(Tensor x_BTHE, int firstPosition, double scale)
    {
        using var scope = NewDisposeScope();
        var rotated_BTHE = PredictorDim == 0
            ? RotatePart(x_BTHE, firstPosition)
            : cat([RotatePart(x_BTHE[.., .., .., ..PredictorDim], firstPosition), RotatePart(x_BTHE[.., .., .., PredictorDim..], firstPosition)], -1);
        return (rotated_BTHE * scale).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the tables.</summary>
    public void Dispose()
    {
        foreach (var (cos_PW, sin_PW) in tables.Values)
        {
            cos_PW.Dispose();
            sin_PW.Dispose();
        }
        tables.Clear();
    }

    private Tensor RotatePart(Tensor x_BTHE, long firstPosition)
    {
        long positions = x_BTHE.size(1), halfWidth = x_BTHE.size(-1) / 2;
        var (cos_PW, sin_PW) = Table(halfWidth, firstPosition + positions);
        var cos_T1W = cos_PW.narrow(0, firstPosition, positions).unsqueeze(1);
        var sin_T1W = sin_PW.narrow(0, firstPosition, positions).unsqueeze(1);
        var a_BTHW = x_BTHE.narrow(-1, 0, halfWidth);
        var b_BTHW = x_BTHE.narrow(-1, halfWidth, halfWidth);
        return cat([a_BTHW * cos_T1W - b_BTHW * sin_T1W, b_BTHW * cos_T1W + a_BTHW * sin_T1W], -1);
    }

    /// <summary>Returns a table of at least <paramref name="length"/> positions; it doubles when it is too short.</summary>
    private (Tensor Cos_PW, Tensor Sin_PW) Table(long halfWidth, long length)
    {
        long known = tables.TryGetValue(halfWidth, out var table) ? table.Cos_PW.size(0) : 0;
        if (known >= length) return table;
        if (known > 0)
        {
            table.Cos_PW.Dispose();
            table.Sin_PW.Dispose();
        }
        using var scope = NewDisposeScope();
        // Angles in float64: position · frequency in float32 is off by up to 5e-4 at position 8192.
        var position_P1 = arange(Math.Max(length, Math.Max(2 * known, FirstTableLength)), ScalarType.Float64).unsqueeze(1);
        var frequency_1W = pow(Theta, arange(halfWidth, ScalarType.Float64) / -halfWidth).unsqueeze(0);
        var angle_PW = position_P1 * frequency_1W;
        return tables[halfWidth] = (Keep(angle_PW.cos()), Keep(angle_PW.sin()));
    }

    private Tensor Keep(Tensor angles_PW) => angles_PW.to(activations, device).DetachFromDisposeScope();
}
