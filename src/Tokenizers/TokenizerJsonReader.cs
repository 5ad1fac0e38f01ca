using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Reads a Hugging Face tokenizer.json of type BPE and refuses, by the name of the field, what encoding here would not reproduce.
/// </summary>
internal sealed class TokenizerJsonReader(string where)
{
    private const string ReplacedSpace = "\u2581";

    // The expression comes from a file: one that backtracks for ever must not hang the program.
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    public BpeDefinition Read(byte[] json) => JsonFile.Read(where, json, Read);

    private BpeDefinition Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || Get(root, "model") is not { ValueKind: JsonValueKind.Object } model)
            throw Refuse("model", "absent", "an object");
        // Files of tokenizers before 0.9 have no type; a model with merges is BPE.
        if (Get(model, "type") is not null || Get(model, "merges") is null) RequireText(model, "type", "BPE", "model.type");
        foreach (var affix in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (Get(model, affix) is { ValueKind: JsonValueKind.String } text && text.GetString() != "")
                throw Refuse($"model.{affix}", text.ToString(), "null");
        if (Get(model, "dropout") is { ValueKind: JsonValueKind.Number } dropout && dropout.GetDouble() != 0)
            throw Refuse("model.dropout", dropout.ToString(), "null");

        var usesSpaceMark = ReadNormalizer(Get(root, "normalizer"));
        var vocab = new BpeVocabulary(where, model, ReadAddedTokens(root), usesSpaceMark);
        var splitter = usesSpaceMark ? SpaceMarkSplitterFor(root, vocab) : ByteLevelSplitter(Get(root, "pre_tokenizer"));
        CheckDecoder(Get(root, "decoder"), usesSpaceMark);
        var definition = vocab.ToDefinition(splitter, Flag(model, "ignore_merges"));
        definition.TemplateStart = TemplateStart(Get(root, "post_processor"));
        return definition;
    }

    // A template may stand alone or among the processors of a sequence.
    private static string? TemplateStart(JsonElement? processor) => processor is not { ValueKind: JsonValueKind.Object } value ? null : Text(value, "type") switch
    {
        "TemplateProcessing" => Get(value, "single") is { ValueKind: JsonValueKind.Array } single && single.GetArrayLength() > 0 && Get(single[0], "SpecialToken") is { } first ? Text(first, "id") ?? "" : "",
        "Sequence" when Get(value, "processors") is { ValueKind: JsonValueKind.Array } steps => steps.EnumerateArray().Select(step => TemplateStart(step)).FirstOrDefault(start => start is not null),
        _ => null,
    };

    // Either no normalizer (byte-level family) or the one that writes spaces as marks (SentencePiece family).
    private bool ReadNormalizer(JsonElement? normalizer)
    {
        if (normalizer is not { ValueKind: JsonValueKind.Object } value) return false;
        if (Text(value, "type") == "Replace" && Get(value, "pattern") is { } pattern && Text(pattern, "String") == " "
            && Text(value, "content") == ReplacedSpace)
            return true;
        if (Text(value, "type") == "Sequence" && Get(value, "normalizers") is { } list && list.GetArrayLength() == 0) return false;
        throw Refuse("normalizer", Shorten(value), "null, or Replace of \" \" by \"\u2581\"");
    }

    private List<AddedToken> ReadAddedTokens(JsonElement root)
    {
        var (tokens, seen) = (new List<AddedToken>(), new HashSet<string>(StringComparer.Ordinal));
        if (Get(root, "added_tokens") is not { ValueKind: JsonValueKind.Array } list) return tokens;
        foreach (var (index, token) in list.EnumerateArray().Index())
        {
            foreach (var flag in new[] { "single_word", "lstrip", "rstrip" })
                if (Flag(token, flag)) throw Refuse($"added_tokens[{index}].{flag}", "true", "false");
            if (Get(token, "id") is not { ValueKind: JsonValueKind.Number } id || !id.TryGetInt32(out var number)
                || number is < 0 or > BpeVocabulary.MaxId || Text(token, "content") is not { } content)
                throw Refuse($"added_tokens[{index}]", Shorten(token), "an id and a content");
            if (!seen.Add(content)) throw Refuse($"added_tokens[{index}]", $"'{content}' once more", "each token once");
            tokens.Add(new AddedToken(number, content, Flag(token, "special")));
        }
        return tokens;
    }

    private TextSplitter SpaceMarkSplitterFor(JsonElement root, BpeVocabulary vocab)
    {
        // Gemma names a split at " ", of which the normalizer has left none.
        if (Get(root, "pre_tokenizer") is { ValueKind: JsonValueKind.Object } value
            && !(Text(value, "type") == "Split" && Get(value, "pattern") is { } pattern && Text(pattern, "String") == " "))
            throw Refuse("pre_tokenizer", Shorten(value), "null or a Split at \" \" where the normalizer replaces spaces");
        return vocab.HasMergesAcrossSpaceMarks ? new WholeText() : new SpaceMarkSplitter();
    }

    private TextSplitter ByteLevelSplitter(JsonElement? preTokenizer)
    {
        const string Expected = "ByteLevel, or a Sequence of one Split by a regular expression and ByteLevel";
        if (preTokenizer is not { ValueKind: JsonValueKind.Object } value) throw Refuse("pre_tokenizer", "null", Expected);
        if (Text(value, "type") == "Sequence" && Get(value, "pretokenizers") is { ValueKind: JsonValueKind.Array } only && only.GetArrayLength() == 1) value = only[0];
        if (Text(value, "type") == "ByteLevel")
        {
            RefusePrefixSpace(value);
            return Flag(value, "use_regex", whenAbsent: true) ? SplitterFor(RegexSplitter.Gpt2Pattern) : new WholeText();
        }
        if (Text(value, "type") != "Sequence" || Get(value, "pretokenizers") is not { } steps || steps.GetArrayLength() != 2)
            throw Refuse("pre_tokenizer", Shorten(value), Expected);
        var (split, byteLevel) = (steps[0], steps[1]);
        if (Text(split, "type") != "Split" || Get(split, "pattern") is not { } pattern || Text(pattern, "Regex") is not { } regex)
            throw Refuse("pre_tokenizer.pretokenizers[0]", Shorten(split), "a Split by a Regex");
        if (Text(split, "behavior") != "Isolated" || Flag(split, "invert"))
            throw Refuse("pre_tokenizer.pretokenizers[0].behavior", Shorten(split), "Isolated, not inverted");
        if (Text(byteLevel, "type") != "ByteLevel") throw Refuse("pre_tokenizer.pretokenizers[1]", Shorten(byteLevel), "ByteLevel");
        if (Flag(byteLevel, "use_regex", whenAbsent: true))
            throw Refuse("pre_tokenizer.pretokenizers[1].use_regex", "true", "false after a Split");
        RefusePrefixSpace(byteLevel);
        return SplitterFor(regex);
    }

    private TextSplitter SplitterFor(string pattern)
    {
        if (pattern == WordScanner.Pattern) return new WordScanner();
        try
        {
            return new RegexSplitter(new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant, MatchTimeout));
        }
        // The compiler of expressions fails on some in other ways than by saying so.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new DataException($"{where} pre_tokenizer", $"the expression {pattern} cannot be used ({e.Message.ReplaceLineEndings(" ")})",
                "an expression that .NET understands",
                "rewrite possessive quantifiers (x++, x?+) as plain ones if the meaning stays", e);
        }
    }

    private void CheckDecoder(JsonElement? decoder, bool usesSpaceMark)
    {
        if (decoder is not { ValueKind: JsonValueKind.Object } value)
            throw Refuse("decoder", "null", usesSpaceMark ? "a Sequence" : "ByteLevel");
        if (!usesSpaceMark) RequireText(value, "type", "ByteLevel", "decoder.type");
        else if (Get(value, "decoders") is not { } steps
            || !steps.EnumerateArray().Select(s => Text(s, "type")).SequenceEqual(["Replace", "ByteFallback", "Fuse"]))
            throw Refuse("decoder", Shorten(value), "a Sequence of Replace, ByteFallback, Fuse");
    }

    private void RefusePrefixSpace(JsonElement byteLevel)
    {
        if (Flag(byteLevel, "add_prefix_space", whenAbsent: true)) throw Refuse("pre_tokenizer.add_prefix_space", "true", "false");
    }

    private void RequireText(JsonElement element, string key, string expected, string path)
    {
        if (Text(element, key) != expected) throw Refuse(path, Get(element, key) is { } value ? Shorten(value) : "absent", expected);
    }

    private DataException Refuse(string field, string found, string expected) => new(
        $"{where} {field}", $"it is {found}", expected,
        "use a tokenizer of the GPT-2, Llama 3 or Gemma kind, or train one with `--tokenizer bpe:N`");

    private static JsonElement? Get(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out var value) ? value : null;

    private static string? Text(JsonElement element, string key) => Get(element, key) is { ValueKind: JsonValueKind.String } value
        ? value.GetString() : null;

    private static bool Flag(JsonElement element, string key, bool whenAbsent = false) =>
        Get(element, key) is { } value ? value.ValueKind == JsonValueKind.True : whenAbsent;

    private static string Shorten(JsonElement value)
    {
        var text = value.GetRawText();
        return new StringBuilder(text, 0, Math.Min(text.Length, 160), 164).Append(text.Length > 160 ? " …"
            : "").ToString().ReplaceLineEndings(" ");
    }
}
