using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>
/// The table in 8 bits, and by row in full. Every logit is computed from the small one, with a bound on its error; those that may be among the largest are computed again, so that the
/// largest are exact, bit for bit, and known to be the largest.
/// </summary>
internal sealed unsafe class ScreenedTable<T>(ModelConfig config, WeightRows weight, int exact) : OutputTable(config) where T : struct, IElement
{
    private const int Lanes = VectorMath.Lanes;

    private readonly ModelConfig config = config;
    private readonly Int8PanelMatrix screen = new(weight);
    private readonly NativeBlock table = CopyOf(weight);
    private readonly float[] bounds = new float[DecodeLimits.MaxRows], floors = new float[DecodeLimits.MaxRows];
    private int survivors;

    /// <inheritdoc/>
    public override long Bytes => screen.Bytes + table.Bytes;

    /// <summary>Logits computed again in the last call.</summary>
    public int Survivors => survivors;

    /// <inheritdoc/>
    public override PanelMatrix Panels => screen;

    /// <inheritdoc/>
    public override void Multiply(WorkerTeam team, int thread, FloatRows h, int rows, FloatRows logits)
    {
        if (thread == 0) survivors = 0;
        base.Multiply(team, thread, h, rows, logits);
        team.Meet();
        var (firstRow, endRow) = team.Share(thread, rows);
        for (int row = firstRow; row < endRow; row++) floors[row] = Floor(logits[row], bounds[row] = screen.ErrorBound(h[row]));
        team.Meet();
        var (first, end) = team.Share(thread, config.VocabSize);
        int again = 0;
        for (int row = 0; row < rows; row++) again += Rescore(logits[row], h[row], bounds[row], floors[row], first, end);
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
    private float Floor(float* logits, float bound)
    {
        var largest = new PriorityQueue<float, float>(exact + 1);
        int token = 0;
        for (; token + Lanes <= config.VocabSize; token += Lanes)
        {
            var least = Vector512.Load(logits + token) - Vector512.Load(screen.Scales + token) * bound;
            if (largest.Count == exact && !Vector512.GreaterThanAny(least, Vector512.Create(largest.Peek()))) continue;
            for (int lane = 0; lane < Lanes; lane++) Add(least[lane]);
        }
        for (; token < config.VocabSize; token++) Add(logits[token] - bound * screen.Scales[token]);
        return largest.Count < exact ? float.NegativeInfinity : largest.Peek();

        void Add(float least)
        {
            if (largest.Count < exact) largest.Enqueue(least, least);
            else if (least > largest.Peek()) largest.EnqueueDequeue(least, least);
        }
    }

    // Computes those of some logits again that may reach the floor; returns how many.
    private int Rescore(float* logits, float* h, float bound, float floor, int first, int end)
    {
        int token = first, again = 0;
        for (; token + Lanes <= end; token += Lanes)
        {
            var most = Vector512.Load(logits + token) + Vector512.Load(screen.Scales + token) * bound;
            if (Vector512.LessThanAll(most, Vector512.Create(floor))) continue;
            for (int lane = 0; lane < Lanes; lane++) Take(token + lane);
        }
        for (; token < end; token++) Take(token);
        return again;

        void Take(int one)
        {
            // What is not a number has no bound; it is computed again too.
            if (logits[one] + bound * screen.Scales[one] < floor) return;
            logits[one] = Exact(one, h);
            again++;
        }
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
