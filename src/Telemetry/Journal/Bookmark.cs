using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Telemetry;

/// <summary>How far a journal has been sent to one server: a small file beside it.</summary>
/// <param name="Url">The server.</param>
/// <param name="Offset">Bytes of the journal that it has taken.</param>
public sealed record Bookmark(string Url, long Offset)
{
    private const int MaxBytes = 1 << 16;

    /// <summary>The bookmark of a journal.</summary>
    public static string PathOf(string journal) => System.IO.Path.ChangeExtension(journal, ".bookmark");

    /// <summary>Reads how far a server has been sent a journal; another server, or a file that cannot be read, begins at the beginning, which is safe: an event that comes twice counts once.</summary>
    public static Bookmark Read(string journal, string url)
    {
        try
        {
            var read = JsonSerializer.Deserialize<Bookmark>(RegularFile.ReadAllBytes(PathOf(journal), MaxBytes));
            if (read?.Url == url && read.Offset >= 0 && read.Offset <= new FileInfo(journal).Length) return read;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
        }
        return new(url, 0);
    }

    /// <summary>Writes the bookmark, whole or not at all.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Write(string journal)
    {
        string path = PathOf(journal), temporary = path + ".tmp";
        File.WriteAllText(temporary, JsonSerializer.Serialize(this));
        File.Move(temporary, path, overwrite: true);
    }
}
