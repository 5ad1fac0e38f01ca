using SparkTrain.Support;

namespace SparkTrain.Configuration.Tests;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public ConfigurationFileTests()
    {
        File.WriteAllText(folder["small-1.json"], "{}");
        File.WriteAllText(folder["large-2.json"], "{}");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_bare_name_is_found_among_the_shipped_ones() =>
        Assert.Equal(folder["small-1.json"], ConfigurationFile.Find("small-1.json", folder));

    [Fact]
    public void The_working_directory_comes_first()
    {
        // Only reads the working directory, which all tests share: a file that is surely there has a name of this build's output.
        var here = Path.GetFileName(Directory.EnumerateFiles(Directory.GetCurrentDirectory()).First());
        File.WriteAllText(Path.Combine(folder, here), "{}");
        Assert.Equal(here, ConfigurationFile.Find(here, folder));
    }

    [Fact]
    public void A_path_is_not_looked_up_elsewhere()
    {
        var error = Assert.Throws<ConfigurationException>(() => ConfigurationFile.Find("nowhere/small-1.json", folder));
        Assert.StartsWith("nowhere/small-1.json: no such configuration file in ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("smal-1.json")]
    [InlineData("small-1")]
    [InlineData("small1.jsn")]
    public void A_wrong_name_is_answered_with_the_nearest_and_the_list(string name) =>
        Assert.Equal(
            $"{name}: no such configuration file in the working directory or beside Launcher.dll. Did you mean small-1.json?\n  Shipped: large-2.json, small-1.json.",
            Assert.Throws<ConfigurationException>(() => ConfigurationFile.Find(name, folder)).Message);
}
