namespace SparkTrain.Configuration;

/// <summary>Finds configuration files: a bare name in the working directory first, then among the shipped ones.</summary>
public static class ConfigurationFile
{
    /// <summary>The root key under which a resolved configuration says where its values come from; the loader passes over it.</summary>
    public const string OriginsKey = "$origins";

    /// <summary>Returns the path of the configuration that <paramref name="name"/> stands for.</summary>
    /// <param name="name">A path, or a bare file name.</param>
    /// <param name="shippedDirectory">The folder of the shipped configurations.</param>
    /// <exception cref="ConfigurationException">No such file; the message lists the shipped ones.</exception>
    public static string Find(string name, string shippedDirectory)
    {
        if (File.Exists(name)) return name;
        var isBare = Path.GetFileName(name) == name;
        if (isBare && name.Length > 0 && Path.Combine(shippedDirectory, name) is var shipped && File.Exists(shipped)) return shipped;
        var names = Shipped(shippedDirectory);
        var near = NearestName.Of(Path.GetFileName(name), names) ?? NearestName.Of(Path.GetFileName(name) + ".json", names);
        throw new ConfigurationException(
            $"{(name.Length == 0 ? "(empty name)" : name)}: no such configuration file in {(isBare ? "the working directory or beside Launcher.dll" : Path.GetFullPath(Path.GetDirectoryName(name)!))}."
            + (near is null ? "" : $" Did you mean {near}?")
            + (names.Count == 0 ? "" : $"\n  Shipped: {string.Join(", ", names)}."));
    }

    /// <summary>The names of the shipped configurations, sorted.</summary>
    public static IReadOnlyList<string> Shipped(string shippedDirectory) =>
        Directory.Exists(shippedDirectory)
            ? [.. Directory.EnumerateFiles(shippedDirectory, "*.json").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : [];
}
