using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Http;

/// <summary>The secret that clients of a server show. Only its hash is kept, so that no log and no dump of the process's options shows it.</summary>
public sealed class AccessToken
{
    /// <summary>Characters that a token has at least: fewer could be guessed.</summary>
    public const int MinLength = 16;

    private readonly byte[] hash;

    /// <summary>Takes in a secret.</summary>
    /// <exception cref="ArgumentException">It is too short, or cannot be sent in a header.</exception>
    public AccessToken(string secret)
    {
        if (Problem(secret) is { } problem) throw new ArgumentException(problem, nameof(secret));
        hash = Hash(secret);
    }

    /// <summary>Returns what makes a text unfit for a token; null where it is fit.</summary>
    public static string? Problem(string secret) =>
        secret.Length < MinLength ? $"it has {secret.Length} characters" : secret.Any(c => c is <= ' ' or > '~') ? "it has a character that cannot be sent in a header" : null;

    /// <summary>Returns whether a text is the secret, in a time that does not depend on how much of it is right.</summary>
    public bool Is(string shown) => CryptographicOperations.FixedTimeEquals(Hash(shown), hash);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
