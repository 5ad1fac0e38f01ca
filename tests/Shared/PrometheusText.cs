using System.Globalization;
using System.Text.RegularExpressions;

namespace SparkTrain.Tests;

/// <summary>
/// Reads Prometheus' text format strictly, written from its specification (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4), and requires what `promtool check metrics` does
/// (https://prometheus.io/docs/practices/naming/): help and type for each metric, base units, nothing twice.
/// </summary>
internal static partial class PrometheusText
{
    private static readonly string[] Types = ["counter", "gauge", "histogram", "summary", "untyped"];

    // What promtool takes for units that are no base units, for abbreviations of units, and for types.
    private static readonly string[] OtherUnits = ["minutes", "hours", "days", "weeks", "bits", "fahrenheit", "kelvins", "inches", "yards", "miles", "pounds", "ounces", "calories"];
    private static readonly string[] Prefixes = ["pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mebi", "giga", "gibi", "tera", "tebi", "peta", "pebi"];
    private static readonly string[] BaseUnits = ["amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "moles", "seconds", "volts"];
    private static readonly string[] Abbreviations = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

    /// <summary>Returns each sample: its name with its labels in their order, and its value.</summary>
    public static Dictionary<string, double> Read(string page)
    {
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', page);
        var (samples, helps, types, closed) = (new Dictionary<string, double>(), new Dictionary<string, string>(), new Dictionary<string, string>(), new HashSet<string>());
        string family = "";
        foreach (string line in page[..^1].Split('\n'))
        {
            if (Comment().Match(line) is { Success: true } comment)
            {
                string name = comment.Groups["name"].Value, rest = comment.Groups["rest"].Value;
                if (comment.Groups["word"].Value == "HELP") Assert.True(rest.Length > 0 && helps.TryAdd(name, rest), line);
                // The type comes before the samples, and each metric is one group of lines.
                else Assert.True(Types.Contains(rest) && types.TryAdd(name, rest) && closed.Add(family = name), line);
                continue;
            }
            Assert.False(line.StartsWith('#'), line);
            var sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            string metric = sample.Groups["name"].Value;
            Assert.True(metric == family || (types[family] is "summary" or "histogram" && metric.StartsWith(family + "_", StringComparison.Ordinal)), line);
            Assert.True(samples.TryAdd(metric + sample.Groups["labels"].Value, Number(sample.Groups["value"].Value)), line);
            var labels = sample.Groups["label"].Captures.Select(label => label.Value).ToList();
            Assert.Equal(labels.Distinct(), labels);
            Assert.DoesNotContain(labels, label => label.StartsWith("__", StringComparison.Ordinal) || CamelCase().IsMatch(label));
        }
        Assert.Equal(types.Keys.Order(), helps.Keys.Order());
        foreach (var (name, type) in types) RequireName(name, type);
        return samples;
    }

    private static void RequireName(string name, string type)
    {
        Assert.False(name.Contains(':', StringComparison.Ordinal) || CamelCase().IsMatch(name), name);
        Assert.Equal(type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
        if (type is "gauge" or "counter") Assert.False(name.EndsWith("_count", StringComparison.Ordinal) || name.EndsWith("_sum", StringComparison.Ordinal) || name.EndsWith("_bucket", StringComparison.Ordinal), name);
        string[] words = name.Split('_');
        Assert.DoesNotContain(words, word => OtherUnits.Contains(word) || Prefixes.Any(prefix => word.StartsWith(prefix, StringComparison.Ordinal) && (BaseUnits.Contains(word[prefix.Length..]) || OtherUnits.Contains(word[prefix.Length..]))));
        Assert.DoesNotContain(words[1..], word => Abbreviations.Contains(word) || Types.Contains(word));
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# (?<word>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>([^\\]|\\\\|\\n)*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Comment();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?<labels>\{((?<label>[a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]|\\\\|\\"|\\n)*",?)*\})? (?<value>\+Inf|-Inf|NaN|[-+]?[0-9.]+([eE][-+]?[0-9]+)?)$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Sample();

    [GeneratedRegex("[a-z][A-Z]")]
    private static partial Regex CamelCase();
}
