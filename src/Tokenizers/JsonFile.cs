using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>Reads a tokenizer's JSON files, and names the file where one is not what it should be.</summary>
internal static class JsonFile
{
    // The largest that is published has 33 MB.
    private const int MaxBytes = 512 << 20;

    /// <summary>Returns the bytes of a tokenizer's file. Throws <see cref="DataException"/> where it is no regular file or cannot be read.</summary>
    public static byte[] Bytes(string path)
    {
        try
        {
            return RegularFile.ReadAllBytes(path, MaxBytes);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new DataException(path, $"it cannot be read ({e.Reason()})", "a file of a tokenizer that this user may read", "check the path and its permissions", e);
        }
    }

    /// <summary>Returns what <paramref name="read"/> makes of the file. Throws <see cref="DataException"/> for broken JSON and for fields of another type.</summary>
    public static T Read<T>(string path, byte[] json, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonText.Parse(json);
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new DataException(path, $"it is not JSON (line {e.LineNumber + 1}: {e.Message.Split(" LineNumber")[0].TrimEnd('.')})", $"a Hugging Face {Path.GetFileName(path)}",
                "fetch the file again; it may be cut off or a Git LFS pointer", e);
        }
        catch (InvalidOperationException e)
        {
            throw new DataException(path, $"a field has another type than it should ({e.Reason()})", $"a Hugging Face {Path.GetFileName(path)}",
                "fetch or export the tokenizer again", e);
        }
    }
}
