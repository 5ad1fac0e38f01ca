using System.Diagnostics;
using System.Globalization;
using System.Text;
using SparkTrain.Data;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>Training a byte-level BPE vocabulary on all cores. Nothing else in .NET trains one, so there is no peer beside it.</summary>
internal static class BpeTrainBench
{
    /// <summary>Settings: <c>corpus</c> (a folder of texts; else the SDK's documentation), <c>megabytes</c>, <c>vocabulary</c>.</summary>
    public static int Run(Settings settings)
    {
        int megabytes = settings.Int("megabytes", 60), vocabulary = settings.Int("vocabulary", 16_384);
        long bytes = 0;
        var documents = DocumentSources.Open(settings["corpus", "dotnet-docs"], "text").ReadDocuments().Select(document => document.Text).OfType<string>()
            .TakeWhile(text => (bytes += Encoding.UTF8.GetByteCount(text)) <= megabytes * 1_000_000L).ToList();
        bytes = documents.Sum(text => (long)Encoding.UTF8.GetByteCount(text));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        var tokenizer = new BpeTrainer(vocabulary).Train(documents);
        double seconds = watch.Elapsed.TotalSeconds;
        long tokens = 0;
        var ids = new List<int>();
        foreach (string text in documents)
        {
            ids.Clear();
            tokenizer.Encode(text, ids);
            tokens += ids.Count;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{bytes / 1e6:f1} MB in {documents.Count:N0} documents to {vocabulary:N0} pieces on {Environment.ProcessorCount} cores: {seconds:f1} s, {bytes / 1e6 / seconds:f1} MB/s; {(double)bytes / tokens:f2} bytes a token; peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:f0} MB, of which the text {before / 1e6:f0} MB"));
        return 0;
    }
}
