using System.Text.Json;
using SparkTrain.Data;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>Writes a data set of given tokens.</summary>
internal static class DatasetWriter
{
    /// <summary>The token that ends every document.</summary>
    public const int EndToken = 0;

    /// <summary>Writes the documents as the training split, and the first of them as the validation split.</summary>
    public static void Write(string folder, int vocabulary, IReadOnlyList<int[]> documents)
    {
        // The bytes, and names that no text is ever made of.
        var pieces = string.Join(',', Enumerable.Range(0, vocabulary - 1).Select(i => $"{JsonSerializer.Serialize(i < 256 ? ByteLevel.ToPiece([(byte)i]) : $"piece{i}")}:{i + 1}"));
        string tokenizerFolder = Path.Combine(folder, "tokenizer");
        Directory.CreateDirectory(tokenizerFolder);
        File.WriteAllText(Path.Combine(tokenizerFolder, "tokenizer.json"),
            $$$"""{"version":"1.0","added_tokens":[{"id":0,"content":"<eos>","special":true,"lstrip":false,"rstrip":false,"normalized":false,"single_word":false}],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"<eos>":0,{{{pieces}}}},"merges":[]}}""");
        File.WriteAllText(Path.Combine(tokenizerFolder, "tokenizer_config.json"), """{"eos_token":"<eos>"}""");
        var tokenizer = TokenizerLoader.Load(tokenizerFolder);
        var (train, validation) = (Split(folder, "train", documents), Split(folder, "validation", documents.Take(100)));
        var manifest = new DatasetManifest
        {
            FormatVersion = DatasetManifest.CurrentFormatVersion, Fingerprint = "", Train = train, Validation = validation, Sources = ["random"], Inputs = "",
            Tokenizer = new(tokenizer.Name, tokenizer.Hash, tokenizer.VocabSize, tokenizer.BosToken, tokenizer.EosToken),
        };
        (manifest with { Fingerprint = manifest.ComputeFingerprint() }).Write(folder);
    }

    private static SplitManifest Split(string folder, string name, IEnumerable<int[]> documents)
    {
        using var writer = new ShardWriter(folder, name, 1 << 25);
        foreach (int[] document in documents) writer.Append(document, document.Length);
        return writer.Finish();
    }
}
