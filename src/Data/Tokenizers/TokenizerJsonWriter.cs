using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Data;

/// <summary>Writes a byte-level tokenizer of ours as a Hugging Face tokenizer.json.</summary>
internal static class TokenizerJsonWriter
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Returns the file; the begin and end tokens take the two ids after <paramref name="pieces"/>. <paramref name="split"/> cuts words as
    /// <see cref="WordScanner"/> does.
    /// </summary>
    public static byte[] Write(IReadOnlyList<byte[]> pieces, IReadOnlyList<(int Left, int Right)> merges, bool split)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Indented))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            WriteAddedTokens(json, pieces.Count);
            json.WriteNull("normalizer");
            WritePreTokenizer(json, split);
            WriteBosTemplate(json, pieces.Count);
            json.WritePropertyName("decoder");
            WriteByteLevel(json);
            WriteModel(json, pieces, merges);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, int firstId)
    {
        json.WriteStartArray("added_tokens");
        foreach (var (offset, name) in new[] { TokenizerFiles.BosName, TokenizerFiles.EosName }.Index())
        {
            json.WriteStartObject();
            json.WriteNumber("id", firstId + offset);
            json.WriteString("content", name);
            foreach (var flag in new[] { "single_word", "lstrip", "rstrip", "normalized" }) json.WriteBoolean(flag, false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json, bool split)
    {
        json.WritePropertyName("pre_tokenizer");
        if (split)
        {
            json.WriteStartObject();
            json.WriteString("type", "Sequence");
            json.WriteStartArray("pretokenizers");
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", WordScanner.Pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }
        WriteByteLevel(json);
        if (!split) return;
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Other readers of this file add the begin token by themselves through this template, as they do for Gemma.
    private static void WriteBosTemplate(Utf8JsonWriter json, int bosId)
    {
        json.WriteStartObject("post_processor");
        json.WriteString("type", "TemplateProcessing");
        foreach (var template in new[] { "single", "pair" })
        {
            json.WriteStartArray(template);
            WriteTemplatePart(json, "SpecialToken", TokenizerFiles.BosName, 0);
            WriteTemplatePart(json, "Sequence", "A", 0);
            if (template == "pair") WriteTemplatePart(json, "Sequence", "B", 1);
            json.WriteEndArray();
        }
        json.WriteStartObject("special_tokens");
        json.WriteStartObject(TokenizerFiles.BosName);
        json.WriteString("id", TokenizerFiles.BosName);
        json.WriteStartArray("ids");
        json.WriteNumberValue(bosId);
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        json.WriteStringValue(TokenizerFiles.BosName);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTemplatePart(Utf8JsonWriter json, string kind, string id, int typeId)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", typeId);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", false);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, IReadOnlyList<byte[]> pieces, IReadOnlyList<(int Left, int Right)> merges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var unused in new[] { "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix" }) json.WriteNull(unused);
        foreach (var flag in new[] { "fuse_unk", "byte_fallback", "ignore_merges" }) json.WriteBoolean(flag, false);
        json.WriteStartObject("vocab");
        foreach (var (id, piece) in pieces.Index()) json.WriteNumber(ByteLevel.ToPiece(piece), id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges)
            json.WriteStringValue($"{ByteLevel.ToPiece(pieces[left])} {ByteLevel.ToPiece(pieces[right])}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
