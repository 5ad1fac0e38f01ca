using SparkTrain.Configuration;
using SparkTrain.Input;

namespace SparkTrain.Launcher;

/// <summary>Reads a secret from the file that an option or a key names.</summary>
internal static class TokenFile
{
    private const int MaxBytes = 4096;

    /// <summary>Returns the token, without blanks around it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="option">The option or key that names it.</param>
    /// <exception cref="ConfigurationException">There is no such file, it cannot be read, or it holds more than a token.</exception>
    public static string Read(string file, string option)
    {
        try
        {
            return RegularFile.ReadAllText(file, MaxBytes).Trim();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            string found = e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : $"it cannot be read ({e.Reason()})";
            throw new ConfigurationException($"{option} {file}", found, "a file that holds the token and nothing else", $"check the path, or make one by `openssl rand -hex 32 > {file}`");
        }
    }
}
