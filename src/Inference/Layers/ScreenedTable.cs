using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>
/// The table in 8 bits, and by row in full. Every logit is computed from the small one, with a bound on its error; those that may be among the largest are computed again, so that the
/// largest are exact, bit for bit, and known to be the largest.
/// </summary>
internal sealed unsafe class ScreenedTable<T>(ModelConfig config, WeightRows weight, int exact) : OutputTable(config) where T : struct, IElement
{
    private readonly ModelConfig config = config;
    private readonly Int8PanelMatrix screen = new(weight);
    private readonly NativeBlock table = CopyOf(weight);
    private readonly float[] bounds = new float[DecodeLimits.MaxRows], floors = new float[DecodeLimits.MaxRows];
    private int survivors;

    /// <inheritdoc/>
    public override long Bytes => screen.Bytes + table.Bytes;

    /// <summary>Logits computed again in the last call.</summary>
    public int Survivors => survivors;

    private protected override PanelMatrix Panels => screen;

    /// <inheritdoc/>
    public override void Multiply(WorkerTeam team, int thread, FloatRows h, int rows, FloatRows logits)
    {
        if (thread == 0) survivors = 0;
        base.Multiply(team, thread, h, rows, logits);
        team.Meet();
        var (firstRow, endRow) = team.Share(thread, rows);
        for (int row = firstRow; row < endRow; row++) floors[row] = Floor(new(logits[row], config.VocabSize), bounds[row] = screen.ErrorBound(h[row]));
        team.Meet();
        var (first, end) = team.Share(thread, config.VocabSize);
        int again = 0;
        for (int row = 0; row < rows; row++)
        {
            float bound = bounds[row], floor = floors[row];
            for (int token = first; token < end; token++)
            {
                // What is not a number has no bound; it is computed again too.
                if (logits[row][token] + bound * screen.Scale(token) < floor) continue;
                logits[row][token] = Exact(token, h[row]);
                again++;
            }
        }
        Interlocked.Add(ref survivors, again);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        screen.Dispose();
        table.Dispose();
    }

    private protected override void CopyRow(int token, float* target)
    {
        for (int i = 0; i < config.DModel; i++) target[i] = Number(token, i);
    }

    // At least as many logits as are to be exact are surely not below this.
    private float Floor(ReadOnlySpan<float> logits, float bound)
    {
        var lowest = new PriorityQueue<float, float>(exact + 1);
        for (int token = 0; token < logits.Length; token++)
        {
            float least = logits[token] - bound * screen.Scale(token);
            if (lowest.Count < exact) lowest.Enqueue(least, least);
            else if (least > lowest.Peek()) lowest.EnqueueDequeue(least, least);
        }
        return lowest.Count < exact ? float.NegativeInfinity : lowest.Peek();
    }

    // The same sums in the same order as in panels.
    private float Exact(int token, float* h)
    {
        float sum = 0;
        for (int i = 0; i < config.DModel; i++) sum = MathF.FusedMultiplyAdd(Number(token, i), h[i], sum);
        return sum;
    }

    private float Number(long token, int column)
    {
        byte* at = table.Start + (token * config.DModel + column) * T.Bytes;
        return T.Bytes == sizeof(float) ? *(float*)at : BitConverter.UInt32BitsToSingle((uint)*(ushort*)at << 16);
    }

    private static NativeBlock CopyOf(WeightRows rows)
    {
        var block = new NativeBlock((long)rows.Rows * rows.Columns * T.Bytes);
        Parallel.For(0, rows.Rows, () => new NativeBlock(rows.Columns * sizeof(float)), (token, _, row) =>
        {
            rows.Copy(token, 0, rows.Columns, row.Floats);
            byte* target = block.Start + (long)token * rows.Columns * T.Bytes;
            if (T.Bytes == sizeof(float)) Buffer.MemoryCopy(row.Floats, target, rows.Columns * sizeof(float), rows.Columns * sizeof(float));
            else Bfloat16.Round(row.Floats, rows.Columns, (ushort*)target);
            return row;
        }, row => row.Dispose());
        return block;
    }
}
