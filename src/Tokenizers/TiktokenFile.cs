using System.Buffers;
using System.Buffers.Text;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Reads OpenAI's rank files (*.tiktoken): a line per piece, its bytes in base 64 and its rank, which is its id. Such a file names neither
/// the expression that cuts words nor the special tokens; both are known for the four published vocabularies, told apart by their size.
/// </summary>
internal sealed class TiktokenFile
{
    public const string Ending = ".tiktoken";

    // The published vocabularies stay below 130; finding the merges of a piece takes time by the square of its length.
    private const int MaxPieceBytes = 1024;
    private const string EndOfText = "<|endoftext|>";
    private const string O200kPattern =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly Dictionary<int, Encoding> Known = new()
    {
        [50_256] = new("r50k_base", RegexSplitter.Gpt2Pattern, [(50_256, EndOfText)]),
        [50_280] = new("p50k_base", RegexSplitter.Gpt2Pattern, [(50_256, EndOfText)]),
        [100_256] = new("cl100k_base", WordScanner.Pattern,
            [(100_257, EndOfText), (100_258, "<|fim_prefix|>"), (100_259, "<|fim_middle|>"), (100_260, "<|fim_suffix|>"), (100_276, "<|endofprompt|>")]),
        [199_998] = new("o200k_base", O200kPattern, [(199_999, EndOfText), (200_018, "<|endofprompt|>")]),
    };

    private readonly string path;
    private readonly Dictionary<string, int> ranks = new(StringComparer.Ordinal);   // by the piece's name in a tokenizer.json
    private readonly SortedDictionary<int, byte[]> pieces = [];

    private TiktokenFile(string path) => this.path = path;

    private sealed record Encoding(string Name, string Pattern, (int Id, string Text)[] Special);

    /// <summary>Returns the tokenizer that the file at <paramref name="path"/> holds; saved, it is a tokenizer.json like any other.</summary>
    public static BpeTokenizer Open(string path)
    {
        var file = new TiktokenFile(path);
        file.ReadRanks(JsonFile.Bytes(path));
        if (!Known.TryGetValue(file.ranks.Count, out var encoding))
            throw new DataException(path, $"it has {file.ranks.Count} pieces, as no known vocabulary has",
                string.Join(" or ", Known.Select(k => $"{k.Key} ({k.Value.Name})")), "fetch the file again, or give a tokenizer.json");
        var added = encoding.Special.Select(s => new AddedToken(s.Id, s.Text, IsSpecial: true)).ToArray();
        if (Array.Find(added, t => file.pieces.ContainsKey(t.Id)) is { } taken)
            throw file.Broken($"id {taken.Id}", $"it is a piece, but {taken.Text} too");
        var json = TokenizerJsonWriter.Write(file.pieces.Select(p => (p.Key, p.Value)), file.Merges(), added, encoding.Pattern, ignoreMerges: true);
        return new TokenizerFiles(encoding.Name, json, bosName: null, EndOfText).Open();
    }

    private void ReadRanks(ReadOnlySpan<byte> text)
    {
        var line = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            line++;
            var entry = text[range].TrimEnd((byte)'\r');
            if (entry.IsEmpty) continue;
            var space = entry.IndexOf((byte)' ');
            var piece = new byte[Base64.GetMaxDecodedFromUtf8Length(Math.Max(0, space))];
            if (space <= 0 || Base64.DecodeFromUtf8(entry[..space], piece, out _, out var length) != OperationStatus.Done
                || !Utf8Parser.TryParse(entry[(space + 1)..], out int rank, out var digits) || digits != entry.Length - space - 1
                || length is 0 or > MaxPieceBytes || rank is < 0 or > BpeVocabulary.MaxId)
                throw Broken($"line {line}", "it is no piece in base 64 and its rank");
            if (!pieces.TryAdd(rank, piece[..length]) || !ranks.TryAdd(ByteLevel.ToPiece(pieces[rank]), rank))
                throw Broken($"line {line}", "its piece or its rank is that of another line");
        }
    }

    // Two neighbours merge whenever their bytes together are a piece, the lowest rank first. So each piece is a merge for every way to cut
    // it into two pieces; those of one piece stand together, as Hugging Face's converter puts them.
    private IEnumerable<(string Left, string Right)> Merges()
    {
        var lookup = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
        var cuts = new List<(int Left, int Right, int At)>();
        foreach (var bytes in pieces.Values)
        {
            var piece = ByteLevel.ToPiece(bytes);
            cuts.Clear();
            for (var at = 1; at < piece.Length; at++)
                if (lookup.TryGetValue(piece.AsSpan(0, at), out var left) && lookup.TryGetValue(piece.AsSpan(at), out var right)) cuts.Add((left, right, at));
            cuts.Sort();
            foreach (var cut in cuts) yield return (piece[..cut.At], piece[cut.At..]);
        }
    }

    private DataException Broken(string where, string found) =>
        new($"{path} {where}", found, "lines such as `IGhlbGxv 24748`, each piece and each rank once", "fetch the file again");
}
