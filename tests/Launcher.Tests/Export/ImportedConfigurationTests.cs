using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Launcher.Export;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Tests.Export;

public sealed class ImportedConfigurationTests
{
    [Theory]
    [InlineData("gemma2-tiny")]
    [InlineData("spark-packed")]
    public void What_is_printed_for_a_folder_plans_with_its_parameters(string golden)
    {
        string folder = Path.Combine(RepositoryFiles.Root, "tests", "goldens", golden), file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        try
        {
            File.WriteAllText(file, LauncherProcess.Run($"config import {folder}").Out);
            var plan = LauncherProcess.Run($"plan --config {file} --json");
            Assert.Equal((0, ""), (plan.ExitCode, plan.Error));
            using var model = ModelFolder.Open(folder);
            var json = JsonNode.Parse(plan.Out)!;
            Assert.Equal(ParameterCount.Of(model.Config).Total, (long)json["parameters"]!["total"]!);
            Assert.Equal(folder, (string?)json["initial_model"]);
            Assert.Contains($"begins with the weights of {folder}\n", LauncherProcess.Run($"plan --config {file}").Out, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Every_key_that_is_not_at_its_default_is_there_and_no_other()
    {
        var model = new ModelConfig
        {
            VocabSize = 99, DModel = 32, NumLayers = 2, MaxSeqLen = 64, FinalLogitSoftcap = null, Norm = new() { Eps = 1e-5 },
            Ffn = new() { Kind = FfnKind.GatedTopk, DFf = 96, Active = 8, Except = [new() { FirstLayer = 1, LastLayer = 1, Kind = FfnKind.Gated }] },
            Attention = new() { Kind = AttentionKind.Dense, NumHeads = 4, NumKvHeads = 2, HeadDim = 8, Window = 16, QueryPreAttnScalar = 9, Layers = [AttentionSpan.Global, AttentionSpan.Global] },
        };
        var section = JsonNode.Parse(ImportedConfiguration.Render("some/odd name\n", model), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip })!;
        Assert.Equal("odd-name--further", (string?)section["Run"]!["Name"]);
        Assert.Equal("some/odd name\n", (string?)section["Run"]!["InitialModel"]);
        Assert.Equal(["VocabSize", "DModel", "NumLayers", "MaxSeqLen", "Ffn", "Attention", "FinalLogitSoftcap", "Norm"], section["Model"]!.AsObject().Select(key => key.Key));
        Assert.Equal(["Kind", "DFf", "Active", "Except"], section["Model"]!["Ffn"]!.AsObject().Select(key => key.Key));
        Assert.Equal(["Kind", "NumHeads", "NumKvHeads", "HeadDim", "Window", "Layers", "QueryPreAttnScalar"], section["Model"]!["Attention"]!.AsObject().Select(key => key.Key));
    }

    [Fact]
    public void A_folder_that_holds_no_model_is_refused_with_4()
    {
        var run = LauncherProcess.Run("config import nowhere");
        Assert.Equal((4, ""), (run.ExitCode, run.Out));
        Assert.Contains("nowhere: there is no such folder.", run.Error, StringComparison.Ordinal);
    }
}
