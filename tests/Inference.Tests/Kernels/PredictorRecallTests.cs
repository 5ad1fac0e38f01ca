using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests.Kernels;

/// <summary>How well a predictor in 8 bits chooses.</summary>
public sealed unsafe class PredictorRecallTests
{
    private const int Neurons = 2000, Width = 256, Active = 160;

    [Fact]
    public void Of_random_scores_it_finds_98_of_100_neurons_that_float32_finds()
    {
        var random = new Random(1);
        float[] w = [.. Enumerable.Range(0, Neurons * Width).Select(_ => (float)(NormalQuantile.Of(random.NextDouble()) / 16))];
        using var source = Numbers.Weight(w);
        using var exact = new PanelMatrix<Float32Element>(new(source, Numbers.Slot(Neurons, Width)));
        using var rounded = new Int8PanelMatrix(new(source, Numbers.Slot(Neurons, Width)));
        using var x = new Numbers(20, Width, Width + 1, random);
        using Numbers expected = new(20, Neurons + 31, Neurons + 31, null), actual = new(20, Neurons + 31, Neurons + 31, null);
        exact.Multiply(0, exact.Panels, x.View, 20, expected.View);
        rounded.Multiply(0, rounded.Panels, x.View, 20, actual.View);
        int found = 0, all = 0;
        for (int i = 0; i < 20; i++)
        {
            bool[] wanted = Chosen(expected.View[i]), chosen = Chosen(actual.View[i]);
            all += wanted.Count(c => c);
            found += wanted.Zip(chosen).Count(c => c is (true, true));
            Assert.InRange(chosen.Count(c => c), Active * 0.8, Active * 1.2);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{found} of {all}");
        Assert.True(found >= 0.98 * all, $"{found} of {all}");
    }

    private static bool[] Chosen(float* scores)
    {
        var (mean, deviation) = RowStatistics.OfRow(scores, Neurons, 1);
        double theta = mean + deviation * QuantileTable.Above(Active, Neurons);
        return [.. new ReadOnlySpan<float>(scores, Neurons).ToArray().Select(s => s > theta)];
    }
}
