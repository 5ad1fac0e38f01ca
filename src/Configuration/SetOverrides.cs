namespace SparkTrain.Configuration;

/// <summary>Reads <c>--set A.B=value</c> overrides (<c>A:B=value</c> too); the last one of a key wins.</summary>
internal static class SetOverrides
{
    public static Dictionary<string, string?> Parse(IEnumerable<string> overrides, List<ConfigurationProblem> problems)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var text in overrides)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var path = KeyPath.FromDisplay(equals < 0 ? text : text[..equals]);
            if (equals < 0)
                problems.Add(new(ValueOrigin.Set, text, "has no value; must be Section.Key=value."));
            else if (path.Split(':').Any(segment => segment.Length == 0))
                problems.Add(new(ValueOrigin.Set, text, "has no key; must be Section.Key=value."));
            else
                values[path] = text[(equals + 1)..];
        }
        return values;
    }
}
