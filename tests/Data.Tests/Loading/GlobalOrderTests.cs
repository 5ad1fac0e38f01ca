using System.Globalization;
using System.Text;
using CsCheck;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

/// <summary>Sample i of a run is the same whoever reads it: any number of ranks, any division into batches, resumed wherever.</summary>
public sealed class GlobalOrderTests : IDisposable
{
    private const int SeqLen = 40, SamplesPerStep = 48, Steps = 6;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Packing.Concatenate, true)]
    [InlineData(Packing.Concatenate, false)]
    [InlineData(Packing.BestFit, true)]
    public void Ranks_that_come_and_go_draw_what_one_rank_draws(Packing packing, bool maskDocuments)
    {
        var config = new DataConfig { Sources = [Source("a", 1.5), Source("b", 3, new WeightChange { AfterTokens = 60 * SeqLen, Weight = 0.25 }), Source("c", 1) with { MaxEpochs = 0.4 }], Packing = packing, MaskDocuments = maskDocuments };
        string expected;
        using (var data = DataMixture.Open(config))
        {
            var samples = new TrainingSamples(data, config, SeqLen, seed: 11);
            expected = Draw(samples, 0, Steps, worldSize: 1, rows: SamplesPerStep);
            // The run meets everything: the change of weights, and the end of c.
            Assert.Equal(0.4, samples.Consumed(SamplesPerStep * Steps)[2].Epochs, 0.05);
            Assert.Equal(3, Enumerable.Range(0, SamplesPerStep).Select(i => samples.SourceOf(i)).Distinct().Count());
        }

        Gen.Select(Gen.Int[0, 4].Array[1, Steps], Gen.Int[1, 3], Gen.Int[1, 64], Gen.Int[1, 6]).Sample((worlds, cut, cache, prefetch) =>
        {
            // Each part of the run has its own number of ranks, cache and batches; the next one begins at the cursor.
            using var data = DataMixture.Open(config with { CacheMegabytes = cache });
            var samples = new TrainingSamples(data, config, SeqLen, seed: 11);
            var drawn = new StringBuilder();
            for (var (step, part) = (0, 0); step < Steps; part++)
            {
                var world = ((int[])[1, 2, 3, 4, 8])[worlds[part % worlds.Length]];
                var (count, perRank) = (Math.Min(cut, Steps - step), SamplesPerStep / world);
                int[] rows = [.. Enumerable.Range(1, perRank).Where(r => perRank % r == 0)];
                drawn.Append(Draw(samples, (long)step * SamplesPerStep, count, world, rows[(part + prefetch) % rows.Length], prefetch));
                step += count;
            }
            Assert.Equal(expected, drawn.ToString());
        }, iter: 12, threads: 1);
    }

    [Fact]
    public void Another_seed_or_another_data_set_is_another_order()
    {
        var config = new DataConfig { Sources = [Source("a", 1), Source("b", 1)] };
        using var data = DataMixture.Open(config);
        string first = Draw(new TrainingSamples(data, config, SeqLen, seed: 1), 0, 1, 1, SamplesPerStep);
        Assert.Equal(first, Draw(new TrainingSamples(data, config, SeqLen, seed: 1), 0, 1, 1, SamplesPerStep));
        Assert.NotEqual(first, Draw(new TrainingSamples(data, config, SeqLen, seed: 2), 0, 1, 1, SamplesPerStep));
    }

    // Tokens and documents of every sample in the order of the run.
    private static string Draw(TrainingSamples samples, long start, int steps, int worldSize, int rows, int prefetch = 4)
    {
        var batchesPerStep = SamplesPerStep / worldSize / rows;
        var drawn = new SortedDictionary<long, string>();
        for (var rank = 0; rank < worldSize; rank++)
        {
            using var loader = new DataLoader(samples, rows, rank, worldSize, start, batchesPerStep, prefetch);
            for (var i = 0; i < steps * batchesPerStep; i++)
            {
                var batch = loader.Next();
                for (var row = 0; row < rows; row++)
                {
                    var columns = (row * batch.Columns)..((row + 1) * batch.Columns);
                    drawn.Add(batch.FirstSample + row, $"{string.Join(' ', batch.Tokens[columns])} | {string.Join(' ', batch.DocumentIds[columns])}\n");
                }
            }
            Assert.Equal(start + ((long)steps * SamplesPerStep), loader.NextSample);
        }
        Assert.Equal(Enumerable.Range(0, steps * SamplesPerStep).Select(i => start + i), drawn.Keys);
        return string.Concat(drawn.Values);
    }

    private DataSourceConfig Source(string name, double weight, params WeightChange[] changes)
    {
        if (!Directory.Exists(folder[name]))
        {
            var lines = new StringBuilder();
            for (var i = 0; i < 120; i++) lines.Append(CultureInfo.InvariantCulture, $"{{\"text\":\"{name}{i} {string.Join(name, Enumerable.Range(i, i % 29))}\"}}\n");
            DatasetBuilder.Build(new PrepareOptions { Sources = [folder.Write(name + ".jsonl", lines.ToString())], Output = folder[name], ShardTokens = 2000 });
        }
        return new DataSourceConfig { Name = name, Folder = folder[name], Weight = weight, Changes = changes };
    }
}
