using System.Numerics;

namespace SparkTrain.Inference;

/// <summary>Rows of float32 or bfloat16.</summary>
internal sealed unsafe class RowMatrix<T>(long rows, int keyWidth, int valueWidth) : RowMatrix(rows, keyWidth, valueWidth, T.Bytes) where T : struct, IElement
{
    // So far ahead a row is asked for: the memory answers while two are computed.
    private const int Ahead = 2;

    // Rows of a cache of keys and values are short: so many of them take as long.
    private const int AheadInCache = 8;

    private byte* Row(long row) => Block.Start + row * RowBytes;

    private byte* Values(long row) => Row(row) + ValueOffset;

    private long ValueOffset => 32L * T.Bytes * KeyGroups;

    /// <inheritdoc/>
    public override void Store(long row, float* key, float* value)
    {
        StoreGroups(Row(row), key, KeyWidth);
        StoreGroups(Values(row), value, ValueWidth);
    }

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<int> list, int length, ulong* tokens, int count, FloatRows x, FloatRows factors, FloatRows sums)
    {
        switch (Prefetching.Rows)
        {
            case PrefetchWay.FirstLevel: Run<FirstLevelPrefetch>(list, length, tokens, count, x, factors, sums); break;
            case PrefetchWay.Passing: Run<PassingPrefetch>(list, length, tokens, count, x, factors, sums); break;
            default: Run<SecondLevelPrefetch>(list, length, tokens, count, x, factors, sums); break;
        }
    }

    /// <inheritdoc/>
    public override void Dots(ReadOnlySpan<int> rows, float* x, float* results)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            RowKernel<T>.Prefetch<SecondLevelPrefetch>(Row(rows[Math.Min(i + AheadInCache, rows.Length - 1)]), RowBytes);
            results[i] = RowKernel<T>.Dot<NoPrefetch>(Row(rows[i]), KeyGroups, x, null);
        }
    }

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<int> rows, float* factors, float* sum)
    {
        int i = 0;
        for (; i + 2 <= rows.Length; i += 2) RowKernel<T>.AddTwoTo<NoPrefetch>(sum, Values(rows[i]), Values(rows[i + 1]), ValueGroups, factors[i], factors[i + 1], null, null);
        if (i < rows.Length) RowKernel<T>.AddTo<NoPrefetch>(sum, Values(rows[i]), ValueGroups, factors[i], null);
    }

    private void Run<TPrefetch>(ReadOnlySpan<int> list, int length, ulong* tokens, int count, FloatRows x, FloatRows factors, FloatRows sums) where TPrefetch : struct, IPrefetch
    {
        int i = 0;
        if (count == 1)
            for (; i + 2 <= length; i += 2) RunTwo<TPrefetch>(list[i], list[i + 1], Next(list, i), Next(list, i + 1), x.Start, factors.Start, sums.Start);
        for (; i < length; i++)
        {
            int neuron = list[i];
            ulong left = tokens[neuron];
            RunOne<TPrefetch>(neuron, Next(list, i), BitOperations.TrailingZeroCount(left), x, factors, sums);
            while ((left &= left - 1) != 0) RunOne<NoPrefetch>(neuron, null, BitOperations.TrailingZeroCount(left), x, factors, sums);
        }
    }

    private void RunOne<TPrefetch>(int neuron, byte* next, int token, FloatRows x, FloatRows factors, FloatRows sums) where TPrefetch : struct, IPrefetch
    {
        float factor = factors[token][neuron] * RowKernel<T>.Dot<TPrefetch>(Row(neuron), KeyGroups, x[token], next);
        RowKernel<T>.AddTo<TPrefetch>(sums[token], Values(neuron), ValueGroups, factor, next + ValueOffset);
    }

    private void RunTwo<TPrefetch>(int neuron, int second, byte* next, byte* nextSecond, float* x, float* factors, float* sums) where TPrefetch : struct, IPrefetch
    {
        float factor = factors[neuron] * RowKernel<T>.Dot<TPrefetch>(Row(neuron), KeyGroups, x, next);
        float secondFactor = factors[second] * RowKernel<T>.Dot<TPrefetch>(Row(second), KeyGroups, x, nextSecond);
        RowKernel<T>.AddTwoTo<TPrefetch>(sums, Values(neuron), Values(second), ValueGroups, factor, secondFactor, next + ValueOffset, nextSecond + ValueOffset);
    }

    private byte* Next(ReadOnlySpan<int> list, int place) => Row(list[Math.Min(place + Ahead, list.Length - 1)]);

    private static void StoreGroups(byte* target, float* values, int count)
    {
        for (int i = 0; i + 32 <= count; i += 32, target += 32 * T.Bytes) T.StoreGroup(target, values + i);
        if (count % 32 == 0) return;
        float* last = stackalloc float[32];
        for (int i = 0; i < 32; i++) last[i] = i < count % 32 ? values[count / 32 * 32 + i] : 0;
        T.StoreGroup(target, last);
    }
}
