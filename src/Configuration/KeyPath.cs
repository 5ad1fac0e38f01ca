using System.Text;

namespace SparkTrain.Configuration;

/// <summary>Key paths: colons inside Microsoft.Extensions.Configuration, dots and <c>[index]</c> for people.</summary>
internal static class KeyPath
{
    public static string Join(string path, string name) => path.Length == 0 ? name : $"{path}:{name}";

    public static string Parent(string path) => path.LastIndexOf(':') is var end and >= 0 ? path[..end] : "";

    public static string Display(string path)
    {
        var text = new StringBuilder();
        foreach (var segment in path.Split(':'))
            if (segment.Length > 0 && segment.All(char.IsAsciiDigit)) text.Append('[').Append(segment).Append(']');
            else text.Append(text.Length == 0 ? "" : ".").Append(segment);
        return text.ToString();
    }

    public static string FromDisplay(string key) =>
        key.Trim().Replace("[", ":", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace('.', ':');
}
