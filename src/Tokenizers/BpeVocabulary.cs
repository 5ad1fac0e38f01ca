using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>The pieces and merges of a tokenizer.json's model section.</summary>
internal sealed class BpeVocabulary
{
    /// <summary>The largest id that is believed; tables are as long as it.</summary>
    public const int MaxId = 16_777_215;

    private readonly string where;
    private readonly bool usesSpaceMark;
    private readonly IReadOnlyList<AddedToken> added;
    private readonly HashSet<int> special;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly PairTable merges;
    private readonly List<int> mergedIds = [];

    public BpeVocabulary(string where, JsonElement model, IReadOnlyList<AddedToken> added, bool usesSpaceMark)
    {
        (this.where, this.added, this.usesSpaceMark) = (where, added, usesSpaceMark);
        special = [.. added.Where(t => t.IsSpecial).Select(t => t.Id)];
        if (!model.TryGetProperty("vocab", out var vocab) || vocab.ValueKind != JsonValueKind.Object)
            throw Broken("model.vocab", "it is absent or no object", "pieces and their ids");
        if (usesSpaceMark && !(model.TryGetProperty("byte_fallback", out var fallback) && fallback.ValueKind == JsonValueKind.True))
            throw Broken("model.byte_fallback", "it is not true", "true, so that every text has tokens");
        ReadVocab(vocab);
        var hasMerges = model.TryGetProperty("merges", out var list);
        merges = new PairTable(hasMerges ? list.GetArrayLength() : 0);
        if (hasMerges) ReadMerges(list);
    }

    /// <summary>True where a merge makes a piece that <see cref="SpaceMarkSplitter"/> would cut.</summary>
    public bool HasMergesAcrossSpaceMarks { get; private set; }

    public BpeDefinition ToDefinition(TextSplitter splitter, bool ignoreMerges)
    {
        var size = Math.Max(ids.Count == 0 ? 0 : ids.Values.Max(), added.Count == 0 ? 0 : added.Max(t => t.Id)) + 1;
        CheckAddedTokens(size);
        var pieces = new byte[]?[size];
        foreach (var (piece, id) in ids) pieces[id] = BytesOf(piece);
        foreach (var token in added) pieces[token.Id] = token.IsSpecial ? null : usesSpaceMark ? BytesOf(token.Text)
            : Encoding.UTF8.GetBytes(token.Text);
        return new BpeDefinition
        {
            Pieces = pieces,
            ByteIds = [.. Enumerable.Range(0, 256).Select(b => ByteId((byte)b))],
            CharacterIds = usesSpaceMark ? CharacterIds() : null,
            Merges = merges,
            MergedIds = [.. mergedIds],
            WholeWords = ignoreMerges ? WholeWords(pieces) : null,
            AddedTokens = added,
            Splitter = splitter,
        };
    }

    private void ReadVocab(JsonElement vocab)
    {
        ids.EnsureCapacity(vocab.GetPropertyCount());
        var taken = new HashSet<int>(vocab.GetPropertyCount());
        foreach (var piece in vocab.EnumerateObject())
        {
            if (!piece.Value.TryGetInt32(out var id) || id is < 0 or > MaxId)
                throw Broken($"model.vocab['{piece.Name}']", $"its id is {piece.Value.GetRawText()}", $"a number from 0 to {MaxId}");
            if (!ids.TryAdd(piece.Name, id) || !taken.Add(id))
                throw Broken($"model.vocab['{piece.Name}']", $"the piece or its id, {id}, is there twice", "each piece and each id once");
        }
    }

    // Added tokens are mostly pieces too, under the same id.
    private void CheckAddedTokens(int size)
    {
        var names = new string?[size];
        foreach (var (piece, id) in ids) names[id] = piece;
        foreach (var token in added)
        {
            if ((names[token.Id] ?? token.Text) != token.Text || ids.GetValueOrDefault(token.Text, token.Id) != token.Id)
                throw Broken($"added_tokens '{token.Text}'", $"its id is {token.Id}, but model.vocab or another added token says otherwise", "one id for each token");
            names[token.Id] = token.Text;
        }
    }

    private void ReadMerges(JsonElement list)
    {
        var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var merge in list.EnumerateArray())
        {
            var (merged, cut) = Merge(merge);
            if (!lookup.TryGetValue(merged.AsSpan(0, cut), out var leftId) || !lookup.TryGetValue(merged.AsSpan(cut), out var rightId)
                || !ids.TryGetValue(merged, out var mergedId))
                throw Broken($"model.merges[{mergedIds.Count}]", $"it is '{merged.Insert(cut, " ")}', of which a part or the result is not in model.vocab",
                    "pieces of the vocabulary");
            HasMergesAcrossSpaceMarks |= SpaceMarkSplitter.Crosses(merged);
            // Converters write merges for special tokens too, where their names can be put together. No text may turn into one.
            if (!special.Contains(mergedId)) merges.Add(PairTable.Key(leftId, rightId), mergedIds.Count);
            mergedIds.Add(mergedId);
        }
    }

    // "a b" in older files, ["a", "b"] in newer ones; returns the merged piece and the length of its left part.
    private (string Merged, int Cut) Merge(JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2 && merge[0].GetString() is { } left)
            return (left + merge[1].GetString(), left.Length);
        var text = merge.ValueKind == JsonValueKind.String ? merge.GetString()! : "";
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 ? (text.Remove(space, 1), space)
            : throw Broken($"model.merges[{mergedIds.Count}]", $"it is {merge.GetRawText()}", "\"left right\" or [\"left\", \"right\"]");
    }

    private int ByteId(byte value)
    {
        var piece = usesSpaceMark ? string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>") : ByteLevel.ToChar(value).ToString();
        if (ids.TryGetValue(piece, out var id)) return id;
        // Gemma has no piece for byte 9: the tab is a character of its own, so fall-back never asks for it.
        if (usesSpaceMark && value < 128 && ids.TryGetValue(((char)value).ToString(), out id)) return id;
        throw Broken("model.vocab", $"it has no piece '{piece}' for byte {value}", "pieces for all 256 bytes");
    }

    private byte[]? BytesOf(string piece)
    {
        if (!usesSpaceMark) return ByteLevel.ToBytes(piece);
        if (piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            return [value];
        return Encoding.UTF8.GetBytes(piece.Replace(SpaceMarkSplitter.SpaceMark, ' '));
    }

    private int[] CharacterIds()
    {
        var byCodePoint = new int[0x110000];
        foreach (var (piece, id) in ids)
            if (Rune.DecodeFromUtf16(piece, out var rune, out var length) == OperationStatus.Done && length == piece.Length) byCodePoint[rune.Value] = id + 1;
        return byCodePoint;
    }

    // Words as they stand in the text, with the space mark where the normalizer puts it.
    private Dictionary<string, int> WholeWords(byte[]?[] pieces)
    {
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (piece, id) in ids)
        {
            if (special.Contains(id)) continue;
            if (usesSpaceMark) words[piece] = id;
            else if (pieces[id] is { } bytes && System.Text.Unicode.Utf8.IsValid(bytes)) words[Encoding.UTF8.GetString(bytes)] = id;
        }
        return words;
    }

    private DataException Broken(string field, string found, string expected) =>
        new($"{where} {field}", found, expected, "fetch or export the tokenizer again");
}
