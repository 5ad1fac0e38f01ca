using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Launcher;

/// <summary>Writes a text file beside its place, where it appears when it is whole: a failure leaves no half file under its name.</summary>
internal static class WholeFile
{
    /// <summary>Writes what <paramref name="write"/> writes; devices get it directly.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="option">The option that names it.</param>
    /// <param name="write">Writes its text.</param>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Write(string path, string option, Action<TextWriter> write)
    {
        string at = path.StartsWith("/dev/", StringComparison.Ordinal) ? path : path + ".tmp";
        try
        {
            if (Directory.Exists(path)) throw new IOException("it is a folder");
            using (var writer = new StreamWriter(at, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))) write(writer);
            if (at != path) File.Move(at, path, overwrite: true);
        }
        catch (Exception e)
        {
            if (at != path) Delete(at);
            if (e is not (UnauthorizedAccessException or IOException)) throw;
            var (expected, remedy) = IoFailure.Explain(e);
            throw new DataException(path, $"it cannot be written ({e.Reason()})", expected, $"choose another {option}, or {remedy}", e);
        }
    }

    // Where this fails, what went wrong before is the better message.
    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
        }
    }
}
