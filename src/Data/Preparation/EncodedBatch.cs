using System.Runtime.InteropServices;
using System.Text;

namespace SparkTrain.Data;

/// <summary>A few documents as tokens, each with its begin and end tokens.</summary>
internal sealed class EncodedBatch
{
    private readonly List<int> tokens = [];
    private readonly List<(int End, long TextBytes, ulong Hash)> documents = [];

    private EncodedBatch()
    {
    }

    public int Count => documents.Count;

    public static EncodedBatch Encode(IReadOnlyList<Document> documents, ITokenizer tokenizer)
    {
        var batch = new EncodedBatch();
        foreach (var document in documents)
        {
            var textBytes = document.Text is { } text ? batch.AddText(text, tokenizer) : batch.AddTokens(document, tokenizer);
            batch.documents.Add((batch.tokens.Count, textBytes, document.ContentHash()));
        }
        return batch;
    }

    public (ReadOnlyMemory<int> Tokens, long TextBytes, ulong Hash) this[int document]
    {
        get
        {
            var start = document == 0 ? 0 : documents[document - 1].End;
            var (end, textBytes, hash) = documents[document];
            return (CollectionsMarshal.AsSpan(tokens)[start..end].ToArray(), textBytes, hash);
        }
    }

    private long AddText(string text, ITokenizer tokenizer)
    {
        if (tokenizer.BosToken is { } bos) tokens.Add(bos);
        tokenizer.Encode(text, tokens);
        tokens.Add(tokenizer.EosToken);
        return Encoding.UTF8.GetByteCount(text);
    }

    // Begin and end tokens are added where the other tool left them out; inside a document they would be borders.
    private long AddTokens(Document document, ITokenizer tokenizer)
    {
        var ids = document.Tokens.AsSpan();
        if (tokenizer.BosToken is { } bos)
        {
            tokens.Add(bos);
            if (ids.Length > 0 && ids[0] == bos) ids = ids[1..];
        }
        if (ids.Length > 0 && ids[^1] == tokenizer.EosToken) ids = ids[..^1];
        var bytes = 0L;
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)tokenizer.VocabSize || id == tokenizer.EosToken)
                throw new DataException(document.Where!, id == tokenizer.EosToken ? $"the end token {id} stands inside a document"
                    : $"a token is {id}",
                    $"ids of the tokenizer {tokenizer.Name}, 0 to {tokenizer.VocabSize - 1}, a row per document",
                        "name by --tokenizer the tokenizer that made the file");
            bytes += tokenizer.ByteLength(id);
        }
        tokens.AddRange(ids);
        tokens.Add(tokenizer.EosToken);
        return bytes;
    }
}
