using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>A few documents as tokens, each with its begin and end tokens.</summary>
internal sealed class EncodedBatch : IDisposable
{
    // Lists that have grown are used again: as garbage they would bring a collection of everything every few batches.
    private const int MostKeptTokens = 1 << 22;
    private static readonly ConcurrentBag<List<int>> Free = [];

    private readonly List<int> tokens = Free.TryTake(out var used) ? used : [];
    private readonly List<Entry> entries = [];
    private readonly ITokenizer tokenizer;
    private readonly bool identify;

    private EncodedBatch(ITokenizer tokenizer, bool identify, double read) => (this.tokenizer, this.identify, Read) = (tokenizer, identify, read);

    /// <summary>Records, those that gave no document included.</summary>
    public int Count => entries.Count;

    /// <summary>Share of the inputs that had been read.</summary>
    public double Read { get; }

    /// <summary>
    /// Decodes and encodes a batch of records; with <paramref name="identify"/> the documents get identities. Throws <see cref="DataException"/> where a record is not
    /// what it should be.
    /// </summary>
    public static EncodedBatch Encode(RecordBatch records, ITokenizer tokenizer, bool identify, CancellationToken cancellation = default)
    {
        var batch = new EncodedBatch(tokenizer, identify, records.Read);
        foreach (var (record, next) in records.Records) batch.Add(record.Decode(), next, cancellation);
        return batch;
    }

    public EncodedDocument this[int record]
    {
        get
        {
            var entry = entries[record];
            var start = record == 0 ? 0 : entries[record - 1].End;
            return new EncodedDocument(entry.State, CollectionsMarshal.AsSpan(tokens)[start..entry.End], entry.TextBytes, entry.Hash, entry.Identity, entry.Next);
        }
    }

    /// <summary>Gives the memory back; its documents must not be used any more.</summary>
    public void Dispose()
    {
        if (tokens.Capacity > MostKeptTokens) return;
        tokens.Clear();
        Free.Add(tokens);
    }

    private void Add(Document document, InputPosition next, CancellationToken cancellation)
    {
        var (state, start, textBytes, hash) = (document.State, tokens.Count, 0, default(UInt128));
        if (state == DocumentState.Whole)
        {
            if (document.Text is { } text)
            {
                AddText(text, cancellation);
                (textBytes, hash) = (document.TextBytes, document.Hash);
            }
            else if (TrimBorders(document.Tokens) is { Length: > 0 } ids) hash = AddTokens(ids, document.Where!, out textBytes);
            else state = DocumentState.Empty;
        }
        var identity = identify && state == DocumentState.Whole ? ShardDocuments.Hash(CollectionsMarshal.AsSpan(tokens)[start..]) : default;
        entries.Add(new Entry(state, tokens.Count, textBytes, (ulong)(hash >> 64), identity, next));
    }

    private void AddText(string text, CancellationToken cancellation)
    {
        if (tokenizer.BosToken is { } bos) tokens.Add(bos);
        tokenizer.Encode(text, tokens, cancellation: cancellation);
        tokens.Add(tokenizer.EosToken);
    }

    // Begin and end tokens are added where the other tool left them out; inside a document they would be borders.
    private ReadOnlySpan<int> TrimBorders(ReadOnlySpan<int> ids)
    {
        if (ids.Length > 0 && ids[0] == tokenizer.BosToken) ids = ids[1..];
        return ids.Length > 0 && ids[^1] == tokenizer.EosToken ? ids[..^1] : ids;
    }

    // The hash is that of the text that the tokens stand for, so that a document falls on the same side of the split as text and as tokens.
    private UInt128 AddTokens(ReadOnlySpan<int> ids, string where, out int textBytes)
    {
        var utf8 = new List<byte>(ids.Length * 4);
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)tokenizer.VocabSize || id == tokenizer.EosToken)
                throw new DataException(where, id == tokenizer.EosToken ? $"the end token {id} stands inside a document" : $"a token is {id}",
                    $"ids of the tokenizer {tokenizer.Name}, 0 to {tokenizer.VocabSize - 1}, a row per document", "name by --tokenizer the tokenizer that made the file");
            utf8.AddRange(tokenizer.Bytes(id));
        }
        if (tokenizer.BosToken is { } bos) tokens.Add(bos);
        tokens.AddRange(ids);
        tokens.Add(tokenizer.EosToken);
        textBytes = utf8.Count;
        return Document.HashOf(CollectionsMarshal.AsSpan(utf8));
    }

    private readonly record struct Entry(DocumentState State, int End, int TextBytes, ulong Hash, UInt128 Identity, InputPosition Next);
}

/// <summary>A document as tokens, or a record that gave none.</summary>
/// <param name="State">Whether there is a document.</param>
/// <param name="Tokens">Its tokens, begin and end tokens included.</param>
/// <param name="TextBytes">UTF-8 bytes of its text.</param>
/// <param name="Hash">Decides the split.</param>
/// <param name="Identity">Equal for equal tokens, where it was asked for.</param>
/// <param name="Next">The place in the inputs after its record.</param>
internal readonly ref struct EncodedDocument(DocumentState State, ReadOnlySpan<int> Tokens, long TextBytes, ulong Hash, UInt128 Identity, InputPosition Next)
{
    public DocumentState State { get; } = State;

    public ReadOnlySpan<int> Tokens { get; } = Tokens;

    public long TextBytes { get; } = TextBytes;

    public ulong Hash { get; } = Hash;

    public UInt128 Identity { get; } = Identity;

    public InputPosition Next { get; } = Next;
}
