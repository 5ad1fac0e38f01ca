using System.Collections;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace SparkTrain.Configuration;

/// <summary>The layers of a configuration: JSON file, then environment, then <c>--set</c>; a later one wins.</summary>
internal sealed class Layers
{
    private readonly IConfigurationProvider[] topDown;
    private readonly JsonFileProvider file;
    private readonly Dictionary<string, string> variables = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> former = new(StringComparer.OrdinalIgnoreCase);

    public Layers(string path, byte[] text, IEnumerable<string> overrides, string environmentPrefix, SectionSchema schema, List<ConfigurationProblem> problems)
    {
        file = new JsonFileProvider(path, text, problems);
        var root = new ConfigurationBuilder()
            .Add(file)
            .AddEnvironmentVariables(environmentPrefix)
            .AddInMemoryCollection(SetOverrides.Parse(overrides, problems))
            .Build();
        topDown = [.. root.Providers.Reverse()];
        foreach (var key in schema.AllKeys().Where(key => key.Former is not null))
        {
            var (now, then) = (KeyPath.FromDisplay(key.Path), KeyPath.FromDisplay(key.Former!));
            former.Add(now, then);
            foreach (var provider in topDown)
                if (Found(provider, now) is not null && Found(provider, then) is { } twice)
                    problems.Add(new(twice.Origin, key.Former!, $"is the former name of {key.Path}, which is set too.", "Leave it out."));
        }
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            if (variable.Key is string name && name.StartsWith(environmentPrefix, StringComparison.OrdinalIgnoreCase))
                variables[name[environmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal)] = name;
    }

    /// <summary>What each layer says about a key, the winning layer first.</summary>
    public IEnumerable<Entry> All(string path) => topDown.Select(provider => In(provider, path)).OfType<Entry>();

    /// <summary>What the winning layer says about a key, or null where no layer has it.</summary>
    public Entry? Top(string path) => All(path).FirstOrDefault();

    /// <summary>What the file says about a key, whatever other layers say.</summary>
    public Entry? InFile(string path) => In(file, path);

    /// <summary>Every key that stands in a section, once per layer that has it; former names are left out.</summary>
    public IEnumerable<(string Name, Entry Entry)> Members(string path) =>
        from provider in topDown
        from name in Names(provider, path)
        where !former.Values.Contains(KeyPath.Join(path, name), StringComparer.OrdinalIgnoreCase)
        select (name, In(provider, KeyPath.Join(path, name))!);

    /// <summary>The number of elements that the file gives a list.</summary>
    public int ElementCount(string path)
    {
        var count = 0;
        while (file.Find(KeyPath.Join(path, count.ToString(CultureInfo.InvariantCulture))) is not null) count++;
        return count;
    }

    /// <summary>The place to look at for a key: its own, else that of the nearest section around it.</summary>
    public ValueOrigin PlaceOf(string path)
    {
        if (Top(path) is { } own) return own.Origin;
        while (path.Length > 0)
        {
            path = KeyPath.Parent(path);
            if ((file.Find(path) ?? Top(path)) is { } around) return around.Origin;
        }
        return ValueOrigin.Default;
    }

    private Entry? In(IConfigurationProvider provider, string path) => Found(provider, path) ?? (former.TryGetValue(path, out var then) ? Found(provider, then) : null);

    private Entry? Found(IConfigurationProvider provider, string path)
    {
        if (provider == file) return file.Find(path);
        if (provider.TryGet(path, out var text)) return new Entry(EntryKind.Text, text ?? "", OriginOf(provider, path));
        var child = Names(provider, path).FirstOrDefault();
        return child is null ? null : new Entry(EntryKind.Section, "", In(provider, KeyPath.Join(path, child))!.Origin);
    }

    private ValueOrigin OriginOf(IConfigurationProvider provider, string path) =>
        provider is EnvironmentVariablesConfigurationProvider ? ValueOrigin.InEnvironment(variables.GetValueOrDefault(path, path)) : ValueOrigin.Set;

    private static IEnumerable<string> Names(IConfigurationProvider provider, string path) =>
        provider.GetChildKeys([], path.Length == 0 ? null : path).Where(name => name.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase);
}
