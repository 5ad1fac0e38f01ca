using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Parquet;
using Parquet.Schema;
using SparkTrain.Data;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>prepare from files to flushed shards, against only encoding the same documents in memory; both on all cores with the same tokenizer.</summary>
internal static class PrepareBench
{
    private const int RowGroupDocuments = 2000;

    // Without escapes for characters that need none.
    private static readonly JsonSerializerOptions AsOtherToolsDo = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Settings: <c>megabytes</c> of text (the SDK's documentation, again and again), <c>rounds</c>, <c>tokenizer</c> (a folder, or bpe:N to train on that documentation first).
    /// </summary>
    public static int Run(Settings settings)
    {
        int rounds = settings.Int("rounds", 5);
        long megabytes = settings.Int("megabytes", 60);
        string folder = Directory.CreateTempSubdirectory("sparktrain-bench-").FullName;
        try
        {
            string[] documents = [.. DocumentSources.Open("dotnet-docs", "text").ReadDocuments().Select(document => document.Text!)];
            string tokenizer = Train(settings["tokenizer", "bpe:16384"], documents, Path.Combine(folder, "tokenizer"));
            string[] texts = [.. Repeat(documents, megabytes * 1_000_000)];
            long bytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text));
            string lines = Path.Combine(folder, "texts.jsonl"), packed = lines + ".gz", parquet = Path.Combine(folder, "texts.parquet"), prepared = Path.Combine(folder, "prepared");
            File.WriteAllLines(lines, texts.Select(text => JsonSerializer.Serialize(new { text }, AsOtherToolsDo)));
            using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Optimal)) gzip.Write(File.ReadAllBytes(lines));
            WriteParquet(parquet, texts);
            Prepare(lines, tokenizer, prepared);

            var ways = new (string Name, Action Run)[]
            {
                ("encoding in memory", () => Encode(TokenizerLoader.Load(tokenizer), texts)),
                ("JSON lines", () => Prepare(lines, tokenizer)),
                ("JSON lines, --deduplicate", () => Prepare(lines, tokenizer, deduplicate: true)),
                ("JSON lines in .gz", () => Prepare(packed, tokenizer)),
                ("Parquet, zstd", () => Prepare(parquet, tokenizer)),
                ("a prepared data set", () => Prepare(prepared, tokenizer)),
            };
            var seconds = Array.ConvertAll(ways, _ => new double[rounds]);
            var processorSeconds = Array.ConvertAll(ways, _ => new double[rounds]);
            // The first round warms up.
            for (int round = -1; round < rounds; round++)
            {
                for (int way = 0; way < ways.Length; way++)
                {
                    var watch = Stopwatch.StartNew();
                    var before = Environment.CpuUsage.TotalTime;
                    ways[way].Run();
                    if (round >= 0) (seconds[way][round], processorSeconds[way][round]) = (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
                }
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:f0} MB, {texts.Length:N0} documents, {Environment.ProcessorCount} cores; medians of {rounds} rounds in turn"));
            for (int way = 0; way < ways.Length; way++)
            {
                double time = Ratio(seconds[way], seconds[0]), processorTime = Ratio(processorSeconds[way], processorSeconds[0]);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"  {ways[way].Name,-28}{bytes / 1e6 / RoundRobin.Median(seconds[way]),8:f1} MB/s  {time,6:f2} x the time of encoding alone, {processorTime:f2} x its processor time"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;

        void Prepare(string source, string tokenizer, string? output = null, bool deduplicate = false)
        {
            output ??= Path.Combine(folder, "set");
            if (Directory.Exists(output)) Directory.Delete(output, recursive: true);
            DatasetBuilder.Build(new PrepareOptions { Sources = [source], Output = output, Tokenizer = tokenizer, Deduplicate = deduplicate });
        }
    }

    private static double Ratio(double[] mine, double[] first) => RoundRobin.Median(mine.Zip(first, (a, b) => a / b));

    private static string Train(string tokenizer, string[] documents, string folder)
    {
        if (!TokenizerLoader.TryParseTrained(tokenizer, out int vocabSize)) return tokenizer;
        new BpeTrainer(vocabSize).Train(documents).Save(folder);
        return folder;
    }

    // Each repetition begins with its number, or --deduplicate would have nothing to do.
    private static IEnumerable<string> Repeat(string[] documents, long bytes)
    {
        for (int repetition = 0; bytes > 0; repetition++)
        {
            foreach (string document in documents)
            {
                string text = string.Create(CultureInfo.InvariantCulture, $"{repetition} {document}");
                yield return text;
                if ((bytes -= Encoding.UTF8.GetByteCount(text)) <= 0) yield break;
            }
        }
    }

    private static void Encode(ITokenizer tokenizer, string[] texts) =>
        Parallel.ForEach(Partitioner.Create(texts, loadBalance: true), () => new List<int>(), (text, _, tokens) =>
        {
            tokens.Clear();
            tokenizer.Encode(text, tokens);
            return tokens;
        }, _ => { });

    private static void WriteParquet(string path, string[] texts)
    {
        var field = new DataField("text", typeof(string), false);
        using var file = File.Create(path);
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Optimal };
        var writer = ParquetWriter.CreateAsync(new ParquetSchema(field), file, options).GetAwaiter().GetResult();
        foreach (string[] chunk in texts.Chunk(RowGroupDocuments))
        {
            using var rows = writer.CreateRowGroup();
            rows.WriteAsync(field, chunk!).GetAwaiter().GetResult();
        }
        writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
