using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SparkTrain.Trainer;

/// <summary>
/// A sum, modulo 2⁶⁴, of hashes of contents at their places: the same however the places are divided among ranks and in whatever order they come.
/// The hash of a content is the first eight bytes of SHA-256 over its place (eight bytes, little-endian) and itself.
/// </summary>
internal sealed class HashSum : IDisposable
{
    /// <summary>Doubles that carry a sum to other ranks: its halves, which 2²¹ ranks add exactly.</summary>
    public const int Parts = 2;

    private readonly IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private ulong sum;

    /// <summary>Adds a content.</summary>
    public void Add(long place, ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, place);
        sha.AppendData(bytes[..sizeof(long)]);
        sha.AppendData(content);
        sha.GetHashAndReset(bytes);
        sum = unchecked(sum + BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    /// <summary>Hands the sum out in <see cref="Parts"/> doubles, and begins anew.</summary>
    public void MoveTo(Span<double> parts)
    {
        (parts[0], parts[1]) = (sum >> 32, (uint)sum);
        sum = 0;
    }

    /// <summary>Puts the sum over the ranks together, 16 hexadecimal digits.</summary>
    public static string Text(ReadOnlySpan<double> parts) => unchecked(((ulong)parts[0] << 32) + (ulong)parts[1]).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    public void Dispose() => sha.Dispose();
}
