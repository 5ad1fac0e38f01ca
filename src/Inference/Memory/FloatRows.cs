namespace SparkTrain.Inference;

/// <summary>Rows of floats at equal distances.</summary>
/// <param name="start">The first row.</param>
/// <param name="stride">From one row to the next, in floats.</param>
internal readonly unsafe struct FloatRows(float* start, long stride)
{
    /// <summary>The first row.</summary>
    public float* Start { get; } = start;

    /// <summary>From one row to the next, in floats.</summary>
    public long Stride { get; } = stride;

    /// <summary>A row.</summary>
    public float* this[long row] => Start + row * Stride;

    /// <summary>The same rows, each from a later number on.</summary>
    public FloatRows From(long number) => new(Start + number, Stride);

    /// <summary>Later rows.</summary>
    public FloatRows Skip(long rows) => new(this[rows], Stride);
}
