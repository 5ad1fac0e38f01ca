namespace SparkTrain.Bench;

/// <summary>Configurations of runs: some of those that are shipped.</summary>
internal static class ConfigInputs
{
    private const string File = "config.json";

    /// <summary>Makes them.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder) =>
        [.. ((string[])["spark-tiny.json", "gemma2-2b.json", "spark-8m.json"]).Select(name => FuzzInput.Of(File, System.IO.File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "configs", name))))];

    /// <summary>Loads one, and plans its run.</summary>
    public static void Read(string folder)
    {
        string path = Path.Combine(folder, File);
        Verb.Run("plan", "--config", path);
        Verb.Run("plan", "--config", path, "--json", "--ranks", "4");
        Verb.Run("config", "show", "--config", path);
    }
}
