namespace SparkTrain.Support;

/// <summary>Expected values that other programs wrote, as a test project copies them beside itself.</summary>
public static class GoldenFiles
{
    /// <summary>Returns the path of a file or folder of the project's <c>goldens</c>.</summary>
    public static string At(string name) => Path.Combine(AppContext.BaseDirectory, "goldens", name);
}
