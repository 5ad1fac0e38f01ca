using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

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

    public Document(int[] tokens, string where) => (Tokens, Where, State) = (tokens, where, tokens.Length == 0 ? DocumentState.Empty : DocumentState.Whole);

    private Document(string text, ReadOnlySpan<byte> utf8) => (Text, TextBytes, Hash) = (text, utf8.Length, HashOf(utf8));

    public DocumentState State { get; private init; }

    public string? Text { get; }

    /// <summary>Length of the text in UTF-8.</summary>
    public int TextBytes { get; }

    /// <summary>The hash of the text, see <see cref="HashOf"/>.</summary>
    public UInt128 Hash { get; }

    public int[]? Tokens { get; }

    /// <summary>File and row, for messages about its tokens.</summary>
    public string? Where { get; }

    /// <summary>Makes a document of a text that may not be valid UTF-8.</summary>
    public static Document FromUtf8(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8)) return Invalid;
        var text = Encoding.UTF8.GetString(utf8);
        return string.IsNullOrWhiteSpace(text) ? Empty : new Document(text, utf8);
    }

    /// <summary>Makes a document of a text.</summary>
    public static Document FromText(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return Empty;
        var utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(text));
        var document = new Document(text, utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, utf8)));
        ArrayPool<byte>.Shared.Return(utf8);
        return document;
    }

    /// <summary>Returns the first 128 bits of the SHA-256 of a document's content; their upper half decides the split.</summary>
    public static UInt128 HashOf(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
