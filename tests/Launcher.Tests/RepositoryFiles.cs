namespace SparkTrain.Launcher.Tests;

/// <summary>Finds files of the repository from the folder of the built tests.</summary>
internal static class RepositoryFiles
{
    public static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "SparkTrain.sln")))
                folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException($"{AppContext.BaseDirectory} lies in no SparkTrain repository.");
            return folder;
        }
    }

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));
}
