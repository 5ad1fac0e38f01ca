using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Data;

/// <summary>Whether a document can be used.</summary>
internal enum DocumentState : byte
{
    Whole,

    /// <summary>It has no text.</summary>
    Empty,

    /// <summary>It is not valid UTF-8.</summary>
    Invalid,

    /// <summary>An equal one was there before.</summary>
    Duplicate,
}

/// <summary>One document of a source: text, or tokens where the source was tokenized elsewhere.</summary>
internal readonly record struct Document
{
    public static readonly Document Empty = new() { State = DocumentState.Empty }, Invalid = new() { State = DocumentState.Invalid };

    public Document(string text) => (Text, State) = (text, string.IsNullOrWhiteSpace(text) ? DocumentState.Empty : DocumentState.Whole);

    public Document(int[] tokens, string where) => (Tokens, Where, State) = (tokens, where, tokens.Length == 0 ? DocumentState.Empty : DocumentState.Whole);

    public DocumentState State { get; private init; }

    public string? Text { get; }

    public int[]? Tokens { get; }

    /// <summary>File and row, for messages about its tokens.</summary>
    public string? Where { get; }

    /// <summary>Returns the hash of a text and its length in UTF-8 bytes.</summary>
    public static UInt128 HashText(string text, out int bytes)
    {
        bytes = Encoding.UTF8.GetByteCount(text);
        var utf8 = ArrayPool<byte>.Shared.Rent(bytes);
        Encoding.UTF8.GetBytes(text, utf8);
        var hash = Hash(utf8.AsSpan(0, bytes));
        ArrayPool<byte>.Shared.Return(utf8);
        return hash;
    }

    /// <summary>Returns the first 128 bits of the SHA-256 of a document's content; their upper half decides the split.</summary>
    public static UInt128 Hash(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
