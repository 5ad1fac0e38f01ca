using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Launcher;

/// <summary>Numbers that stand for texts, by which ranks find out whether they have the same ones.</summary>
internal static class Fingerprint
{
    /// <summary>Returns the first 48 bits of the text's SHA-256: exact as a double.</summary>
    public static long Of(string text) => BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) >>> 16;
}
