using System.Globalization;
using System.Text.RegularExpressions;
using SparkTrain.Configuration;

namespace SparkTrain.Launcher.Export;

/// <summary>The size of a file of weights as Hugging Face's tools write it: 5GB, 500MB, or 4GiB.</summary>
internal static partial class ShardSize
{
    public const string Default = "5GB";

    /// <summary>Returns the bytes.</summary>
    /// <exception cref="ConfigurationException">The text is no size.</exception>
    public static long Parse(string text)
    {
        var match = Form().Match(text);
        double bytes = match.Success ? double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * Unit(match.Groups["unit"].Value.ToUpperInvariant()) : 0;
        return bytes is >= 1 and < long.MaxValue ? (long)bytes
            : throw new ConfigurationException($"--max-shard-size is '{text}'; must be a number with KB, MB, GB or TB (powers of 1000) or KiB, MiB, GiB or TiB (powers of 1024), for example {Default}.");
    }

    private static double Unit(string unit)
    {
        if (unit is "" or "B") return 1;
        return Math.Pow(unit.Length == 3 ? 1024 : 1000, "KMGT".IndexOf(unit[0], StringComparison.Ordinal) + 1);
    }

    [GeneratedRegex(@"^\s*(?<number>[0-9]{1,12}(\.[0-9]{1,6})?)\s*(?<unit>|B|[KMGT]i?B)\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
