namespace SparkTrain.Configuration.Tests;

/// <summary>A folder of one test with a configuration file in it, and an environment prefix that no other test uses.</summary>
internal sealed class ConfigurationFolder : IDisposable
{
    private readonly List<string> variables = [];

    public ConfigurationFolder(string json = MinimalJson)
    {
        Path = Directory.CreateTempSubdirectory("configuration-tests").FullName;
        Write(json);
    }

    public const string MinimalJson = """{ "Shape": { "Width": 8, "Colour": "Red" } }""";

    public string Path { get; }

    public string File => System.IO.Path.Combine(Path, "a.json");

    public string Prefix { get; } = $"T{Guid.NewGuid():N}_";

    public void Write(string json) => System.IO.File.WriteAllText(File, json);

    public void Set(string name, string value)
    {
        variables.Add(Prefix + name);
        Environment.SetEnvironmentVariable(Prefix + name, value);
    }

    public ResolvedConfiguration<SampleConfig> Load(params string[] overrides) =>
        StrictConfiguration.Load<SampleConfig>(File, overrides, Prefix);

    /// <summary>The report of all problems, the file's path written as a.json.</summary>
    public string Report(params string[] overrides) =>
        Assert.Throws<ConfigurationException>(() => Load(overrides)).Message
            .Replace(File, "a.json", StringComparison.Ordinal).Replace(Prefix, "SPARKTRAIN_", StringComparison.Ordinal);

    public void Dispose()
    {
        foreach (var variable in variables) Environment.SetEnvironmentVariable(variable, null);
        Directory.Delete(Path, recursive: true);
    }
}
