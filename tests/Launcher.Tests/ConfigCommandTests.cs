using System.Text.Json;
using SparkTrain.Configuration;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests;

public sealed class ConfigCommandTests
{
    public static TheoryData<string> Shipped => [.. ConfigurationFile.Shipped(Path.Combine(RepositoryFiles.Root, "configs"))];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Every_shipped_configuration_loads(string name)
    {
        var run = LauncherProcess.Run($"config check --config {name}");
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        Assert.Matches($@"{name}: ok, \d+ keys: [1-9]\d* from the file, 0 from the environment, 0 by --set, \d+ defaults\n$", run.Out);
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Every_shipped_configuration_knows_its_schema_and_has_only_keys_of_it(string name)
    {
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        using var document = JsonDocument.Parse(RepositoryFiles.Read("configs", name), options);
        var reference = document.RootElement.GetProperty("$schema").GetString()!;
        using var schema = JsonDocument.Parse(RepositoryFiles.Read("configs", reference));
        AssertKnown(document.RootElement, schema.RootElement);
    }

    [Fact]
    public void The_committed_schema_is_the_generated_one()
    {
        var committed = RepositoryFiles.Read("configs", "schema", "train.schema.json");
        Assert.True(committed == LauncherProcess.Run("config schema").Out, "Run: dotnet Launcher.dll config schema > configs/schema/train.schema.json");
    }

    [Fact]
    public void The_committed_reference_is_the_generated_one()
    {
        var committed = RepositoryFiles.Read("docs", "configuration.md");
        Assert.True(
            committed == ConfigurationReference.Insert<TrainConfig>(committed),
            "Run: dotnet Launcher.dll config reference --update docs/configuration.md");
        Assert.Contains(LauncherProcess.Run("config reference").Out, committed, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_has_a_sentence() =>
        Assert.All(ConfigurationReference.Keys<TrainConfig>(), key =>
            Assert.Matches(@"^\S+\n  \S.*[.…]\n", ConfigurationReference.Explain<TrainConfig>(key)));

    [Theory]
    [InlineData("http://user:PASSWORD@127.0.0.1:8090/api/events", "http://…@127.0.0.1:8090/api/events")]
    [InlineData("http://127.0.0.1:8090/api/events?key=PASSWORD", "http://127.0.0.1:8090/api/events?…")]
    [InlineData("http://127.0.0.1:8090/#token=PASSWORD", "http://127.0.0.1:8090/#…")]
    public void An_address_with_a_secret_is_refused_and_not_shown(string url, string shown)
    {
        foreach (var run in ((int ExitCode, string Out, string Error)[])[LauncherProcess.Run($"config check --config spark-tiny.json --set Logging.Http.Url={url}"), LauncherProcess.Run("config check --config spark-tiny.json", ("SPARKTRAIN_Logging__Http__Url", url))])
        {
            Assert.Equal((2, ""), (run.ExitCode, run.Out));
            Assert.Contains($"Logging.Http.Url  is \"{shown}\"; must be an address that begins with http:// or https://, without user:password@", run.Error, StringComparison.Ordinal);
            Assert.Contains("use TokenFile", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("PASSWORD", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Show_prints_each_value_with_its_origin()
    {
        var run = LauncherProcess.Run("config show --config spark-tiny.json --set Model.NumLayers=6", ("SPARKTRAIN_Model__MaxSeqLen", "640"));
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"\n  Model\.VocabSize +\d+ +spark-tiny\.json:\d+:\d+\n", run.Out);
        Assert.Matches(@"\n  Model\.NumLayers +6 +--set\n", run.Out);
        Assert.Matches(@"\n  Model\.MaxSeqLen +640 +environment SPARKTRAIN_Model__MaxSeqLen\n", run.Out);
        Assert.Matches(@"\n  Model\.Norm\.Eps +1e-6 +default\n", run.Out);
    }

    [Fact]
    public void What_show_prints_as_json_loads_again()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        var first = LauncherProcess.Run("config show --json --config spark-tiny.json --set Model.NumLayers=6").Out;
        File.WriteAllText(path, first);
        using var before = JsonDocument.Parse(first);
        using var after = JsonDocument.Parse(LauncherProcess.Run($"config show --json --config {path}").Out);
        File.Delete(path);
        Assert.Equal("--set", before.RootElement.GetProperty("$origins").GetProperty("Model.NumLayers").GetString());
        Assert.True(JsonElement.DeepEquals(before.RootElement.GetProperty("Model"), after.RootElement.GetProperty("Model")));
    }

    [Fact]
    public void Every_mistake_of_a_file_is_printed_at_its_place()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        File.WriteAllText(path, RepositoryFiles.Read("configs", "spark-tiny.json").Replace("\"DFf\"", "\"DFF_\"", StringComparison.Ordinal).Replace("\"Kind\": \"Spark\"", "\"Kind\": \"Sparks\"", StringComparison.Ordinal));
        var run = LauncherProcess.Run($"config check --config {path}");
        File.Delete(path);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"error: {path}: 4 problems\n", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"\n  \d+:\d+ +Model\.Ffn\.DFF_ +unknown key\. Did you mean DFf\?\n", run.Error);
        Assert.Matches(@"\n  \d+:\d+ +Model\.Ffn\.Kind +is ""Sparks""; must be one of Gated, GatedRelu, GatedRelu2, GatedSilu, GatedTopk, Spark\.\n +Did you mean Spark\?\n", run.Error);
        Assert.Matches(@"\n  \d+:\d+ +Model\.Ffn\.DFf +is missing; must be given: a whole number from 1 to 16777216\.\n", run.Error);
    }

    private static void AssertKnown(JsonElement value, JsonElement schema)
    {
        if (value.ValueKind != JsonValueKind.Object) return;
        foreach (var member in value.EnumerateObject())
        {
            Assert.True(schema.GetProperty("properties").TryGetProperty(member.Name, out var rule), member.Name);
            AssertKnown(member.Value, rule);
        }
    }
}
