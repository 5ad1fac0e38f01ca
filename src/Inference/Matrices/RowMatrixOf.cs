using System.Numerics;

namespace SparkTrain.Inference;

/// <summary>Rows of float32 or bfloat16.</summary>
internal sealed unsafe class RowMatrix<T>(long rows, int keyWidth, int valueWidth) : RowMatrix(rows, keyWidth, valueWidth, T.Bytes) where T : struct, IElement
{
    // So far ahead a row is asked for: the memory answers while two are computed.
    private const int Ahead = 2;

    private byte* Row(long row) => Block.Start + row * RowBytes;

    private byte* Values(long row) => Row(row) + 32L * T.Bytes * KeyGroups;

    /// <inheritdoc/>
    public override void Store(long row, float* key, float* value)
    {
        StoreGroups(Row(row), key, KeyWidth);
        StoreGroups(Values(row), value, ValueWidth);
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<int> list, ulong* tokens, FloatRows x, FloatRows factors, FloatRows sums)
    {
        for (int i = 0; i < list.Length; i++)
        {
            int neuron = list[i];
            byte* row = Row(neuron), values = Values(neuron), next = Row(list[Math.Min(i + Ahead, list.Length - 1)]), nextValues = next + (values - row);
            for (ulong left = tokens[neuron]; left != 0; left &= left - 1)
            {
                int token = BitOperations.TrailingZeroCount(left);
                float factor = factors[token][neuron];
                factor *= RowKernel<T>.Dot(row, KeyGroups, x[token], next);
                RowKernel<T>.AddTo(sums[token], values, ValueGroups, factor, nextValues);
                next = nextValues = null;
            }
        }
    }

    /// <inheritdoc/>
    public override void Dots(ReadOnlySpan<int> rows, float* x, float* results)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            byte* next = Row(rows[Math.Min(i + 2 * Ahead, rows.Length - 1)]);
            RowKernel<T>.Prefetch(next, RowBytes);
            results[i] = RowKernel<T>.Dot(Row(rows[i]), KeyGroups, x, null);
        }
    }

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<int> rows, float* factors, float* sum)
    {
        for (int i = 0; i < rows.Length; i++) RowKernel<T>.AddTo(sum, Values(rows[i]), ValueGroups, factors[i], null);
    }

    private static void StoreGroups(byte* target, float* values, int count)
    {
        for (int i = 0; i + 32 <= count; i += 32, target += 32 * T.Bytes) T.StoreGroup(target, values + i);
        if (count % 32 == 0) return;
        float* last = stackalloc float[32];
        for (int i = 0; i < 32; i++) last[i] = i < count % 32 ? values[count / 32 * 32 + i] : 0;
        T.StoreGroup(target, last);
    }
}
