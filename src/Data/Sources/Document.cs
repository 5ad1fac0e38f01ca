using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Data;

/// <summary>One document of a source: text, or tokens where the source was tokenized elsewhere.</summary>
internal readonly record struct Document
{
    public Document(string text) => Text = text;

    public Document(int[] tokens, string where) => (Tokens, Where) = (tokens, where);

    public string? Text { get; }

    public int[]? Tokens { get; }

    /// <summary>File and row, for messages about its tokens.</summary>
    public string? Where { get; }

    public int Length => Text?.Length ?? Tokens!.Length;

    /// <summary>Returns the first 64 bits of the SHA-256 of the content: what decides the split.</summary>
    public ulong ContentHash()
    {
        Span<byte> hash = stackalloc byte[32];
        if (Text is not null) SHA256.HashData(Encoding.UTF8.GetBytes(Text), hash);
        else SHA256.HashData(MemoryMarshal.AsBytes<int>(Tokens), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
