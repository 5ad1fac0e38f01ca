using System.Diagnostics;
using System.Globalization;
using SparkTrain.Data;

namespace SparkTrain.Bench;

/// <summary>Batches from local shards in the page cache, against copying as many windows out of one array: one thread reads ahead, one takes the batches.</summary>
internal static class LoaderBench
{
    private const int Rows = 8;

    /// <summary>Settings: <c>tokens</c> (millions), <c>rounds</c>, <c>vocabulary</c>, <c>folder</c>.</summary>
    public static int Run(Settings settings)
    {
        int millions = settings.Int("tokens", 100), rounds = settings.Int("rounds", 5), vocabulary = settings.Int("vocabulary", 256_000);
        string folder = Directory.CreateTempSubdirectory("sparktrain-bench-").FullName;
        try
        {
            var random = new Random(1);
            var all = Documents(random, vocabulary, millions * 1_000_000L).ToList();
            DatasetWriter.Write(folder, vocabulary, all);
            int[] stream = [.. all.SelectMany(d => d)];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stream.Length / 1e6:f0} M tokens, {all.Count:N0} documents, {Directory.GetFiles(folder, "train-*").Sum(f => new FileInfo(f).Length) / 1e6:f0} MB; batches of {Rows}; medians of {rounds} rounds in turn"));
            foreach (int seqLen in (int[])[512, 2048, 8192])
            {
                var ways = new (string Name, Func<double> Rate)[]
                {
                    ("copy of windows from an array", () => Copy(stream, seqLen)),
                    ("Concatenate", () => Load(folder, seqLen, Packing.Concatenate, stream.Length)),
                    ("BestFit", () => Load(folder, seqLen, Packing.BestFit, stream.Length)),
                };
                var rates = ways.Select(_ => new double[rounds]).ToArray();
                for (int round = 0; round < rounds; round++)
                    for (int way = 0; way < ways.Length; way++) rates[way][round] = ways[way].Rate();
                for (int way = 0; way < ways.Length; way++)
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  SeqLen {seqLen,5}  {ways[way].Name,-32}{RoundRobin.Median(rates[way]) / 1e6,8:f0} M tokens/s  {RoundRobin.Median(rates[way].Zip(rates[0], (a, b) => a / b)),6:f2} x the copy"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    // Lengths fall off exponentially around 800; ids by Zipf's law.
    private static IEnumerable<int[]> Documents(Random random, int vocabulary, long tokens)
    {
        double spread = Math.Log(vocabulary - 2);
        while (tokens > 0)
        {
            var document = new int[(int)Math.Min(tokens, 2 + (long)(-800 * Math.Log(1 - random.NextDouble())))];
            for (int i = 0; i < document.Length; i++) document[i] = (int)Math.Exp(random.NextDouble() * spread) + 1;
            document[^1] = DatasetWriter.EndToken;
            tokens -= document.Length;
            yield return document;
        }
    }

    private static double Copy(int[] stream, int seqLen)
    {
        int windows = (stream.Length - 1) / seqLen, columns = seqLen + 1;
        var order = Enumerable.Range(0, windows).ToArray();
        new Random(2).Shuffle(order);
        var watch = Stopwatch.StartNew();
        for (int first = 0; first + Rows <= windows; first += Rows)
        {
            var batch = new int[Rows * columns];
            for (int row = 0; row < Rows; row++) stream.AsSpan(order[first + row] * seqLen, columns).CopyTo(batch.AsSpan(row * columns));
        }
        return windows / Rows * Rows * (double)seqLen / watch.Elapsed.TotalSeconds;
    }

    private static double Load(string folder, int seqLen, Packing packing, long tokens)
    {
        var config = new DataConfig { Folder = folder, Packing = packing };
        using var data = DataMixture.Open(config);
        using var loader = new DataLoader(new TrainingSamples(data, config, seqLen, seed: 1), Rows);
        loader.Next();
        long batches = tokens / (Rows * seqLen);
        var watch = Stopwatch.StartNew();
        for (long i = 0; i < batches; i++) loader.Next();
        return batches * Rows * (double)seqLen / watch.Elapsed.TotalSeconds;
    }
}
