using System.Collections;

namespace SparkTrain.Configuration;

/// <summary>
/// Environment variables that are meant for a key and reach none, such as SPARKTRAIN_Training_Steps for SPARKTRAIN_Training__Steps: the run would train with a value that nobody chose. Those whose words are no key and
/// do not begin with a section belong to others.
/// </summary>
internal sealed class StrayVariables
{
    // What people write between the words of a path.
    private static readonly char[] Separators = ['_', ':', '.', '-'];

    private readonly SectionSchema root;
    private readonly string prefix;
    private readonly Dictionary<string, ConfigurationProblem> problems = [];

    /// <summary>Looks through the environment of this process.</summary>
    /// <param name="root">The keys.</param>
    /// <param name="prefix">What the names of variables begin with.</param>
    public StrayVariables(SectionSchema root, string prefix)
    {
        (this.root, this.prefix) = (root, prefix);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            if (variable.Key is string name && Problem(name) is { } problem) problems[name] = problem;
    }

    /// <summary>A problem for each of them.</summary>
    public IEnumerable<ConfigurationProblem> Problems => problems.OrderBy(problem => problem.Key, StringComparer.Ordinal).Select(problem => problem.Value);

    /// <summary>True where a value comes from one of them.</summary>
    public bool Has(ValueOrigin origin) => origin.Kind == OriginKind.Environment && problems.ContainsKey(origin.Name);

    private ConfigurationProblem? Problem(string name)
    {
        string stem = prefix.TrimEnd('_');
        if (name.Length <= stem.Length || !name.StartsWith(stem, StringComparison.OrdinalIgnoreCase) || !Separators.Contains(name[stem.Length]) || IsPath(name)) return null;
        string[] words = name[stem.Length..].Split(Separators, StringSplitOptions.RemoveEmptyEntries);
        string all = string.Concat(words);
        if (root.AllKeys().FirstOrDefault(key => Same(key.Path.Replace(".", "", StringComparison.Ordinal), all)) is { } key)
            return new(ValueOrigin.InEnvironment(name), key.Path, "is not set by this variable.", HowTo(key));
        if (SectionOf(words) is not { } section) return null;
        var near = Nearest(section, all);
        return new(ValueOrigin.InEnvironment(name), section.Path, "has no key of this name." + (near is null ? "" : $" Did you mean {near.Path}?"),
            near is null ? $"{section.Name} has {string.Join(", ", section.Section!.Keys.Select(key => key.Name))}; a variable for something else needs a name that does not begin like this." : HowTo(near));
    }

    private string HowTo(KeySchema key) => $"Write {prefix}{key.Path.Replace(".", "__", StringComparison.Ordinal)}: two underscores between a section and its key, none elsewhere.";

    // Sections with their own keys behind them are read, or refused, as a layer.
    private bool IsPath(string name)
    {
        if (!name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return false;
        string[] segments = name[prefix.Length..].Replace("__", ":", StringComparison.Ordinal).Split(':');
        return root.Find(segments[0]) is not null && segments.All(segment => segment.Length > 0);
    }

    private KeySchema? SectionOf(string[] words) => Enumerable.Range(1, Math.Max(0, words.Length - 1))
        .Select(count => root.Find(string.Concat(words[..count]))).FirstOrDefault(key => key?.Section is not null);

    private static KeySchema? Nearest(KeySchema section, string all)
    {
        var keys = section.Section!.AllKeys().Where(key => key.Kind != KeyKind.Section && !key.Path.Contains('[', StringComparison.Ordinal)).ToDictionary(key => key.Path.Replace(".", "", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase);
        return NearestName.Of(all, keys.Keys) is { } near ? keys[near] : null;
    }

    private static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
