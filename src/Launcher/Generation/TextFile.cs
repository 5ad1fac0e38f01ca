using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Generation;

/// <summary>Reads a text file that an option names.</summary>
internal static class TextFile
{
    private const int MaxBytes = 256 << 20;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the whole text.</summary>
    /// <exception cref="DataException">There is no such file, it cannot be read, or it is not UTF-8.</exception>
    public static string Read(string file, string option)
    {
        try
        {
            // A pipe is as good as a file here; a device without an end is neither.
            using var stream = File.OpenRead(file);
            using var reader = new StreamReader(new MemoryStream(RegularFile.ReadToEnd(stream, MaxBytes)), Utf8);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException(file, "there is no such file", "a text file", $"check {option}", e);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new DataException(file, $"it cannot be read ({e.Reason()})", "a text file", $"check {option}", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new DataException(file, "it is not UTF-8", "a text in UTF-8", "convert it, for example by iconv", e);
        }
    }
}
