using System.Text.Json;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests;

/// <summary>docs/configuration.md shows what really happens.</summary>
public sealed class ConfigurationDocumentTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_shown_report_is_what_the_shown_file_gives()
    {
        var document = RepositoryFiles.Read("docs", "configuration.md");
        var path = folder["my-run.json"];
        File.WriteAllText(path, Block(document, "<!-- example: file -->\n```json\n").Replace("  // the other sections as in spark-tiny.json\n", OtherSections(), StringComparison.Ordinal));
        var run = LauncherProcess.Run($"config check --config {path} --set Model.NumLayers=1e1");
        Assert.Equal(Block(document, "<!-- example: report -->\n```\n"), run.Error.Replace(folder + "/", "", StringComparison.Ordinal));
    }

    /// <summary>All root keys of spark-tiny.json but Model, so that the example stays short and still complete.</summary>
    private static string OtherSections()
    {
        using var tiny = JsonDocument.Parse(RepositoryFiles.Read("configs", "spark-tiny.json"), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        return string.Concat(tiny.RootElement.EnumerateObject().Where(p => p.Name is not ("$schema" or "Model")).Select(p => $", \"{p.Name}\": {p.Value.GetRawText()}"));
    }

    private static string Block(string document, string start)
    {
        var begin = document.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return document[begin..document.IndexOf("```", begin, StringComparison.Ordinal)];
    }
}
