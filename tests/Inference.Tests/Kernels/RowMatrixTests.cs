using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests.Kernels;

/// <summary>Rows that are read one by one against scalar loops.</summary>
public sealed unsafe class RowMatrixTests
{
    private const int Rows = 40;

    public static TheoryData<int, int> Widths => new([(1, 1), (31, 33), (32, 64), (33, 95), (65, 1), (130, 200)]);

    [Theory, MemberData(nameof(Widths))]
    public void Float32_equals_sums_in_float64(int keyWidth, int valueWidth) => Check<Float32Element>(keyWidth, valueWidth, TensorType.F32);

    [Theory, MemberData(nameof(Widths))]
    public void Bfloat16_equals_sums_of_rounded_numbers_in_float64(int keyWidth, int valueWidth) => Check<Bfloat16Element>(keyWidth, valueWidth, TensorType.BF16);

    private static void Check<T>(int keyWidth, int valueWidth, TensorType type) where T : struct, IElement
    {
        var random = new Random(keyWidth + valueWidth);
        float[] k = Numbers.Draw(Rows * keyWidth, random), v = Numbers.Draw(Rows * valueWidth, random);
        using var matrix = new RowMatrix<T>(Rows, keyWidth, valueWidth);
        fixed (float* key = k, value = v)
            for (int row = 0; row < Rows; row++) matrix.Store(row, key + row * keyWidth, value + row * valueWidth);
        double K(int row, int i) => RandomWeights.Rounded(k[row * keyWidth + i], type);
        double V(int row, int i) => RandomWeights.Rounded(v[row * valueWidth + i], type);
        foreach (int length in (int[])[0, 1, 5, Rows])
        {
            int[] list = [.. Enumerable.Range(0, Rows).OrderBy(_ => random.Next()).Take(length).Order()];
            CheckDots(matrix, list, keyWidth, random, K);
            CheckAdd(matrix, list, valueWidth, random, V);
            foreach (int tokens in (int[])[1, 7, 64]) CheckRun(matrix, list, tokens, random, K, V);
        }
    }

    private static void CheckDots(RowMatrix matrix, int[] list, int keyWidth, Random random, Func<int, int, double> k)
    {
        using var x = new Numbers(1, keyWidth, DecodeLimits.Padded(keyWidth), random);
        float[] dots = new float[list.Length + 1];
        dots[^1] = 42;
        fixed (float* results = dots) matrix.Dots(list, x.View[0], results);
        for (int i = 0; i < list.Length; i++) Close(Enumerable.Range(0, keyWidth).Select(c => k(list[i], c) * x[0][c]), dots[i]);
        Assert.Equal(42, dots[^1]);
    }

    private static void CheckAdd(RowMatrix matrix, int[] list, int valueWidth, Random random, Func<int, int, double> v)
    {
        using var sum = new Numbers(1, valueWidth, DecodeLimits.Padded(valueWidth), null);
        float[] factors = Numbers.Draw(list.Length, random);
        fixed (float* weights = factors) matrix.Add(list, weights, sum.View[0]);
        for (int c = 0; c < valueWidth; c++) Close(list.Select((row, i) => v(row, c) * factors[i]), sum[0][c]);
    }

    private static void CheckRun(RowMatrix matrix, int[] list, int tokens, Random random, Func<int, int, double> k, Func<int, int, double> v)
    {
        int keyWidth = matrix.KeyWidth, valueWidth = matrix.ValueWidth;
        using var x = new Numbers(tokens, keyWidth, DecodeLimits.Padded(keyWidth), random);
        using var factors = new Numbers(tokens, Rows, Rows, random);
        using var sums = new Numbers(tokens, valueWidth, DecodeLimits.Padded(valueWidth), null);
        ulong[] active = [.. Enumerable.Range(0, Rows).Select(_ => (ulong)random.NextInt64() & (tokens == 64 ? ulong.MaxValue : (1UL << tokens) - 1))];
        list = [.. list.Where(row => active[row] != 0)];
        int length = (list.Length + 1) / 2;
        fixed (ulong* bits = active)
        {
            matrix.Run(list, length, bits, tokens, x.View, factors.View, sums.View);
            matrix.Run(list.AsSpan(length), list.Length - length, bits, tokens, x.View, factors.View, sums.View);
        }
        using var alone = new Numbers(1, valueWidth, DecodeLimits.Padded(valueWidth), null);
        for (int token = 0; token < tokens; token++)
        {
            int[] own = [.. list.Where(row => (active[row] >> token & 1) != 0)];
            double[] h = [.. own.Select(row => Enumerable.Range(0, keyWidth).Sum(c => k(row, c) * x[token][c]) * factors[token][row])];
            for (int c = 0; c < valueWidth; c++) Close(own.Select((row, i) => h[i] * v(row, c)), sums[token][c], keyWidth);
            ulong[] one = [.. Enumerable.Range(0, Rows).Select(row => active[row] >> token & 1)];
            foreach (var way in Enum.GetValues<PrefetchWay>())
            {
                Prefetching.Rows = way;
                new Span<float>(alone.View[0], DecodeLimits.Padded(valueWidth)).Clear();
                fixed (ulong* bits = one) matrix.Run(own, own.Length, bits, 1, x.View.Skip(token), factors.View.Skip(token), alone.View);
                Decoding.AssertSameBits(alone[0], sums[token], $"token {token} of {tokens}, {way}");
            }
        }
    }

    private static void Close(IEnumerable<double> parts, float actual, int more = 0)
    {
        double[] all = [.. parts];
        double sum = all.Sum(), tolerance = (all.Sum(Math.Abs) + more) * (all.Length + more + 2) * 6e-8;
        Assert.True(Math.Abs(sum - actual) <= tolerance, $"{actual:g9}, expected {sum:g9}");
    }
}
