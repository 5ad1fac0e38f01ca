using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>What is remembered of a document.</summary>
/// <param name="Length">Its tokens.</param>
/// <param name="TextBytes">UTF-8 bytes that they stand for.</param>
/// <param name="Begins">Begin tokens in it.</param>
/// <param name="BeginsFirst">True where its first token is the begin token.</param>
/// <param name="Key">The first 128 bits of the SHA-256 of its tokens; 0 where nobody compares documents.</param>
internal readonly record struct DocumentFacts(long Length, long TextBytes, long Begins, bool BeginsFirst, UInt128 Key);

/// <summary>Looks at documents, for several threads at once.</summary>
internal sealed class DocumentScanner(ITokenizer tokenizer, bool hashes)
{
    private readonly int[] byteLengths = [.. Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.ByteLength)];

    public int EosToken => tokenizer.EosToken;

    public int VocabSize => tokenizer.VocabSize;

    public bool HasBegin => tokenizer.BosToken is not null;

    /// <summary>True where documents are compared by hash.</summary>
    public bool Hashes => hashes;

    /// <summary>Looks at a whole document.</summary>
    public DocumentFacts Scan(ReadOnlySpan<int> tokens)
    {
        if (!hashes) return Count(tokens);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(tokens), hash);
        return Count(tokens) with { Key = KeyOf(hash) };
    }

    /// <summary>Looks at a piece of one, without the hash.</summary>
    public DocumentFacts Count(ReadOnlySpan<int> tokens)
    {
        var bytes = 0L;
        foreach (var token in tokens) bytes += byteLengths[token];
        return new DocumentFacts(tokens.Length, bytes, tokenizer.BosToken is { } bos ? tokens.Count(bos) : 0, tokens[0] == tokenizer.BosToken, 0);
    }

    public static UInt128 KeyOf(ReadOnlySpan<byte> sha256) => BinaryPrimitives.ReadUInt128LittleEndian(sha256);
}

/// <summary>A document that goes on from one row group to the next, however long it is.</summary>
internal sealed class OpenDocument(DocumentScanner scanner) : IDisposable
{
    private readonly IncrementalHash? hash = scanner.Hashes ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private DocumentFacts facts;

    public long Length => facts.Length;

    public void Append(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty) return;
        hash?.AppendData(MemoryMarshal.AsBytes(tokens));
        var more = scanner.Count(tokens);
        facts = Length == 0 ? more : facts with { Length = Length + more.Length, TextBytes = facts.TextBytes + more.TextBytes, Begins = facts.Begins + more.Begins };
    }

    /// <summary>Returns the document and is ready for another one.</summary>
    public DocumentFacts Finish()
    {
        var done = hash is null ? facts : facts with { Key = DocumentScanner.KeyOf(hash.GetHashAndReset()) };
        facts = default;
        return done;
    }

    public void Dispose() => hash?.Dispose();
}
