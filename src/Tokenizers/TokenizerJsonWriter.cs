using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Tokenizers;

/// <summary>Writes a byte-level tokenizer as a Hugging Face tokenizer.json.</summary>
internal static class TokenizerJsonWriter
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Returns the file. <paramref name="added"/> are special tokens; <paramref name="pattern"/> is the expression that cuts words, or null
    /// where nothing does. Other readers put <c>&lt;bos&gt;</c> before every text where it is one of the added tokens.
    /// </summary>
    public static byte[] Write(IEnumerable<(int Id, byte[] Bytes)> pieces, IEnumerable<(string Left, string Right)> merges, IReadOnlyList<AddedToken> added,
        string? pattern, bool ignoreMerges = false)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Indented))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            WriteAddedTokens(json, added);
            json.WriteNull("normalizer");
            WritePreTokenizer(json, pattern);
            if (added.FirstOrDefault(t => t.Text == TokenizerFiles.BosName) is { } bos) WriteBosTemplate(json, bos.Id);
            else json.WriteNull("post_processor");
            json.WritePropertyName("decoder");
            WriteByteLevel(json);
            WriteModel(json, pieces, merges, ignoreMerges);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, IReadOnlyList<AddedToken> tokens)
    {
        json.WriteStartArray("added_tokens");
        foreach (var token in tokens)
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Text);
            foreach (var flag in new[] { "single_word", "lstrip", "rstrip", "normalized" }) json.WriteBoolean(flag, false);
            json.WriteBoolean("special", token.IsSpecial);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json, string? pattern)
    {
        json.WritePropertyName("pre_tokenizer");
        if (pattern is not null)
        {
            json.WriteStartObject();
            json.WriteString("type", "Sequence");
            json.WriteStartArray("pretokenizers");
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }
        WriteByteLevel(json);
        if (pattern is null) return;
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

    private static void WriteModel(Utf8JsonWriter json, IEnumerable<(int Id, byte[] Bytes)> pieces, IEnumerable<(string Left, string Right)> merges, bool ignoreMerges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var unused in new[] { "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix" }) json.WriteNull(unused);
        foreach (var unused in new[] { "fuse_unk", "byte_fallback" }) json.WriteBoolean(unused, false);
        json.WriteBoolean("ignore_merges", ignoreMerges);
        json.WriteStartObject("vocab");
        foreach (var (id, bytes) in pieces) json.WriteNumber(ByteLevel.ToPiece(bytes), id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges) json.WriteStringValue($"{left} {right}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
