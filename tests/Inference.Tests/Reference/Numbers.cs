namespace SparkTrain.Inference.Tests.Reference;

/// <summary>Random numbers in memory as kernels read them.</summary>
internal sealed unsafe class Numbers : IDisposable
{
    private readonly NativeBlock block;

    /// <param name="rows">How many rows.</param>
    /// <param name="count">Numbers of each.</param>
    /// <param name="room">Numbers that may be read of each: behind the last one stands something finite and large, behind that what is no number.</param>
    /// <param name="random">Draws them; null leaves zeros.</param>
    public Numbers(int rows, int count, int room, Random? random)
    {
        (Rows, Count) = (rows, count);
        int stride = room + 48;
        block = NativeBlock.Zeroed((long)rows * stride);
        View = new(block.Floats, stride);
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < stride; i++)
                View[row][i] = i >= room ? float.NaN : random is null ? 0 : i >= count ? 1e30f : (float)(random.NextDouble() * 2 - 1);
    }

    public int Rows { get; }

    public int Count { get; }

    public FloatRows View { get; }

    public float[] this[int row] => new ReadOnlySpan<float>(View[row], Count).ToArray();

    /// <summary>A source of one weight, <see cref="Slot"/>.</summary>
    public static RandomWeights Weight(float[] values, TensorType type = TensorType.F32) => new(Shapes.Spark, new() { [Slot(1, 1).Name] = values }, _ => type);

    /// <summary>The weight of <see cref="Weight"/>, as a matrix.</summary>
    public static WeightSlot Slot(int rows, int columns) => new(WeightRole.Embedding, null, [rows, columns]);

    /// <summary>Numbers from −1 to 1.</summary>
    public static float[] Draw(int count, Random random) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];

    public void Dispose() => block.Dispose();
}
