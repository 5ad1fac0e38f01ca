using System.Text.Json.Nodes;
using SparkTrain.Input;
using SparkTrain.Support;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data.Tests.Checking;

/// <summary>Data sets written token by token, and faults brought into them.</summary>
internal static class HandMade
{
    public const int Bos = 256, Eos = 257;

    /// <summary>A document of the byte tokenizer.</summary>
    public static int[] Document(string text) => [Bos, .. text.Select(c => (int)c), Eos];

    /// <summary>Writes a byte data set of these documents, whatever they are.</summary>
    public static string Write(TemporaryFolder folder, int[][] train, int[][] validation, string name = "set", long shardTokens = 1 << 20)
    {
        var (path, tokenizer) = (Directory.CreateDirectory(folder[name]).FullName, new ByteTokenizer());
        tokenizer.Save(Path.Combine(path, DatasetLayout.TokenizerFolder));
        var manifest = new DatasetManifest
        {
            FormatVersion = 1, Fingerprint = "", Sources = ["by hand"], Inputs = "", Train = Split(DatasetLayout.TrainSplit, train), Validation = Split(DatasetLayout.ValidationSplit, validation),
            Tokenizer = new TokenizerIdentity(tokenizer.Name, tokenizer.Hash, tokenizer.VocabSize, tokenizer.BosToken, tokenizer.EosToken),
        };
        (manifest with { Fingerprint = manifest.ComputeFingerprint() }).Write(path);
        return path;

        SplitManifest Split(string split, int[][] documents)
        {
            using var writer = new ShardWriter(path, split, shardTokens);
            foreach (var document in documents) writer.Append(document, document.Count(token => token < 256));
            return writer.Finish();
        }
    }

    /// <summary>Edits dataset.json and gives it the fingerprint that belongs to it.</summary>
    public static void Edit(string set, Action<JsonNode> edit)
    {
        var path = Path.Combine(set, DatasetManifest.FileName);
        var json = JsonNode.Parse(File.ReadAllBytes(path))!;
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
        // The reader refuses a false fingerprint and does not say which one is right.
        var manifest = System.Text.Json.JsonSerializer.Deserialize<DatasetManifest>(File.ReadAllBytes(path), IndentedJson.Options)!;
        (manifest with { Fingerprint = manifest.ComputeFingerprint() }).Write(set);
    }

    /// <summary>Turns the bits of one byte of a file; a place below 0 counts from the end.</summary>
    public static void Flip(string file, int at)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0xFF;
        File.WriteAllBytes(file, bytes);
    }

    /// <summary>A text of <paramref name="length"/> letters in no order, so that its row groups take many bytes.</summary>
    public static string Noise(int length, int seed)
    {
        var random = new Random(seed);
        return string.Create(length, random, (span, r) =>
        {
            foreach (ref var c in span) c = (char)('a' + r.Next(26));
        });
    }
}
