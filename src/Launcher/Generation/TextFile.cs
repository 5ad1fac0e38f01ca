using System.Text;
using SparkTrain.Data;

namespace SparkTrain.Launcher.Generation;

/// <summary>Reads a text file that an option names.</summary>
internal static class TextFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the whole text.</summary>
    /// <exception cref="DataException">There is no such file, it cannot be read, or it is not UTF-8.</exception>
    public static string Read(string file, string option)
    {
        try
        {
            return File.ReadAllText(file, Utf8);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException(file, "there is no such file", "a text file", $"check {option}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(file, $"it cannot be read ({e.Message.TrimEnd('.')})", "a text file", $"check {option}", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new DataException(file, "it is not UTF-8", "a text in UTF-8", "convert it, for example by iconv", e);
        }
    }
}
