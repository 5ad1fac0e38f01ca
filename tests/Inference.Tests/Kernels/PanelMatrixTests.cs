using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests.Kernels;

/// <summary>Products with packed matrices against scalar loops.</summary>
public sealed unsafe class PanelMatrixTests
{
    public static TheoryData<int, int> Sizes => new([(1, 1), (1, 258), (31, 2), (32, 31), (33, 3), (33, 256), (40, 255), (64, 33), (70, 601)]);

    [Theory, MemberData(nameof(Sizes))]
    public void Float32_equals_sums_in_float64(int rows, int columns) => Check<Float32Element>(rows, columns, TensorType.F32);

    [Theory, MemberData(nameof(Sizes))]
    public void Bfloat16_equals_sums_of_rounded_weights_in_float64(int rows, int columns) => Check<Bfloat16Element>(rows, columns, TensorType.BF16);

    [Theory, MemberData(nameof(Sizes))]
    public void Eight_bits_equal_sums_of_whole_numbers(int rows, int columns)
    {
        var random = new Random(rows * 1000 + columns);
        float[] w = Numbers.Draw(rows * columns, random);
        using var source = Numbers.Weight(w);
        using var matrix = new Int8PanelMatrix(new(source, Numbers.Slot(rows, columns)));
        foreach (int count in (int[])[1, 2, 3, 4, 5, 8, 9])
        {
            using var x = new Numbers(count, columns, columns + 1, random);
            using var y = new Numbers(count, matrix.Panels * 32, matrix.Panels * 32, null);
            Multiply(matrix, x, y, random);
            for (int i = 0; i < count; i++)
            {
                float[] vector = x[i];
                float most = Math.Min(short.MaxValue, int.MaxValue / 127 / (2 * ((columns + 1) / 2))), largest = vector.Max(MathF.Abs);
                int[] whole = [.. vector.Select(v => (int)MathF.Round(v * (most / largest)))];
                for (int row = 0; row < rows; row++)
                {
                    float[] weights = w[(row * columns)..((row + 1) * columns)];
                    float scale = weights.Max(MathF.Abs);
                    int sum = weights.Select((e, c) => (int)MathF.Round(e * (127 / scale)) * whole[c]).Sum();
                    Assert.Equal(scale / 127, matrix.Scales[row]);
                    Assert.Equal(sum * (scale / 127 * (largest / most)), y[i][row], 1e-6f * Math.Max(1, columns));
                }
            }
        }
    }

    [Fact]
    public void The_error_of_eight_bits_is_bounded() => (from rows in Gen.Int[1, 70] from columns in Gen.Int[1, 400] from seed in Gen.Int[0, 1 << 30] from spread in Gen.Double[0, 6] from size in Gen.Int[-40, 15] select (rows, columns, seed, spread, size)).Sample(p =>
    {
        var random = new Random(p.seed);
        float[] w = [.. Numbers.Draw(p.rows * p.columns, random).Select(e => e * (float)Math.Pow(10, p.size - p.spread * random.NextDouble()))];
        using var source = Numbers.Weight(w);
        using var matrix = new Int8PanelMatrix(new(source, Numbers.Slot(p.rows, p.columns)));
        using var x = new Numbers(1, p.columns, p.columns + 1, random);
        for (int c = 0; c < p.columns; c++) x.View[0][c] *= (float)Math.Pow(10, -p.spread * random.NextDouble());
        using var y = new Numbers(1, matrix.Panels * 32, matrix.Panels * 32, null);
        matrix.Multiply(0, matrix.Panels, x.View, 1, y.View);
        float bound = matrix.ErrorBound(x.View[0]);
        for (int row = 0; row < p.rows; row++)
        {
            double exact = Enumerable.Range(0, p.columns).Sum(c => (double)w[row * p.columns + c] * x[0][c]);
            Assert.True(Math.Abs(exact - y[0][row]) <= bound * matrix.Scales[row], $"row {row}: {exact:g9} became {y[0][row]:g9}, bound {bound * matrix.Scales[row]:g3}");
        }
    }, iter: 100, threads: 1);

    [Fact]
    public void The_bound_holds_where_its_own_product_leaves_the_range_of_float32()
    {
        using var source = Numbers.Weight([6e-36f]);
        using var matrix = new Int8PanelMatrix(new(source, Numbers.Slot(1, 1)));
        float x = 1e-9f;
        Assert.True(6e-45 <= matrix.ErrorBound(&x) * matrix.Scales[0]);
    }

    private static int[] Counts => [.. Enumerable.Range(1, 13), 65];

    private static void Check<T>(int rows, int columns, TensorType type) where T : struct, IElement
    {
        var random = new Random(rows * 1000 + columns);
        float[] w = Numbers.Draw(rows * columns, random), rounded = [.. w.Select(e => RandomWeights.Rounded(e, type))];
        using var source = Numbers.Weight(w);
        using var matrix = new PanelMatrix<T>(new(source, Numbers.Slot(rows, columns)));
        foreach (int count in Counts)
        {
            using var x = new Numbers(count, columns, columns + 1, random);
            using var y = new Numbers(count, matrix.Panels * 32, matrix.Panels * 32, null);
            using var alone = new Numbers(1, matrix.Panels * 32, matrix.Panels * 32, null);
            Multiply(matrix, x, y, random);
            for (int i = 0; i < count; i++)
            {
                float[] vector = x[i], product = y[i];
                for (int row = 0; row < rows; row++)
                {
                    double sum = 0, size = 0;
                    for (int c = 0; c < columns; c++)
                    {
                        double part = (double)rounded[row * columns + c] * vector[c];
                        (sum, size) = (sum + part, size + Math.Abs(part));
                    }
                    Assert.True(Math.Abs(sum - product[row]) <= size * (columns + 2) * 6e-8, $"{count} vectors, row {row}: {product[row]:g9}, expected {sum:g9}");
                }
                foreach (var way in Enum.GetValues<PrefetchWay>())
                {
                    Prefetching.Streams = way;
                    matrix.Multiply(0, matrix.Panels, x.View.Skip(i), 1, alone.View);
                    Decoding.AssertSameBits(alone[0], product, $"vector {i} of {count}, {way}");
                }
            }
        }
        float[] copy = new float[columns];
        fixed (float* target = copy)
            for (int row = 0; row < rows; row++)
            {
                matrix.CopyRow(row, target);
                Decoding.AssertSameBits(rounded.AsSpan(row * columns, columns), copy, $"row {row}");
            }
    }

    // The panels in two parts, as two threads compute them.
    private static void Multiply(PanelMatrix matrix, Numbers x, Numbers y, Random random)
    {
        int middle = random.Next(matrix.Panels + 1);
        matrix.Multiply(middle, matrix.Panels, x.View, x.Rows, y.View);
        matrix.Multiply(0, middle, x.View, x.Rows, y.View);
    }
}
