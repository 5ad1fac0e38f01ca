using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SparkTrain.Configuration;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests;

public sealed class ShippedConfigurationTests
{
    public static TheoryData<string> Shipped() => [.. Directory.GetFiles(Path.Combine(LauncherProcess.Folder, "configs"), "*.json").Select(f => Path.GetFileName(f)!)];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Every_shipped_configuration_plans(string file)
    {
        var plan = LauncherProcess.Run($"plan --config {file}");
        Assert.Equal((0, ""), (plan.ExitCode, plan.Error));
        Assert.Contains("a checkpoint", plan.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("8m")]
    [InlineData("2b")]
    public void Baselines_of_a_size_differ_in_kind_and_have_as_many_parameters_as_the_spark_model(string size)
    {
        string[] names = [.. ((string[])["spark", "gemma2", "relu", "relu2", "topk-ffn", "topk", "spark-ffn", "spark-attention"]).Select(name => $"{name}-{size}")];
        (string Ffn, string Attention)[] kinds = [("Spark", "Spark"), ("Gated", "Dense"), ("GatedRelu", "Dense"), ("GatedRelu2", "Dense"), ("GatedTopk", "Dense"), ("GatedTopk", "Topk"), ("Spark", "Dense"), ("Gated", "Spark")];
        var configs = names.Select(Config).ToList();
        Assert.All(configs.Zip(kinds), pair => Assert.Equal(pair.Second, ($"{pair.First["Model"]!["Ffn"]!["Kind"]}", $"{pair.First["Model"]!["Attention"]!["Kind"]}")));
        Assert.All(names, name => Assert.Equal(Parameters(names[0]), Parameters(name)));
        Assert.All(configs, config => Assert.True(JsonNode.DeepEquals(WithoutKind(configs[0]), WithoutKind(config)), $"{config["Run"]} differs in more than its kind"));

        static JsonObject Config(string name) =>
            JsonNode.Parse(RepositoryFiles.Read("configs", $"{name}.json"), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!.AsObject();

        static long Parameters(string name) => JsonNode.Parse(LauncherProcess.Run($"plan --config {name}.json --json").Out)!["parameters"]!["total"]!.GetValue<long>();

        static JsonObject WithoutKind(JsonObject config)
        {
            var rest = config.DeepClone().AsObject();
            rest.Remove("Run");
            rest["Model"]!.AsObject().Remove("Ffn");
            foreach (string key in (string[])["Kind", "PredictorDim", "Active"]) rest["Model"]!["Attention"]!.AsObject().Remove(key);
            return rest;
        }
    }

    [Fact]
    public void Plan_of_the_papers_model_gives_the_papers_numbers()
    {
        string plan = LauncherProcess.Run("plan --config spark-2b.json").Out;
        Assert.Contains("2,614,341,888", plan, StringComparison.Ordinal); // 2,024,517,888 of the Gemma 2 report and 256,000 rows of 2304
        Assert.Matches(@"FFN +3,312\.5 MF +942\.2 MF +3\.52x", plan); // spec: 127.4 and 36.2 MF a layer, 26 layers
        Assert.Matches(@"all without LM head .* 2\.62x", plan);
        Assert.Matches(@"all, true dimensions .* 2\.03x", plan);
    }

    [Fact]
    public void Plan_for_ranks_that_the_batch_does_not_divide_among_names_the_key()
    {
        var plan = LauncherProcess.Run("plan --config spark-tiny.json --ranks 3");
        Assert.Equal(2, plan.ExitCode);
        Assert.Contains("Training.GlobalBatchTokens", plan.Error, StringComparison.Ordinal);
        Assert.Contains("ranks 3", plan.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_is_read_somewhere()
    {
        string source = string.Concat(Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        // Once where it is declared, and once more at least where it acts.
        Assert.All(ConfigurationReference.Keys<TrainConfig>(), key =>
            Assert.True(Regex.Count(source, $@"\b{key.Split('.')[^1]}\b(?! {{ get; init; }})") > 0, $"{key} is read by nothing"));
    }
}
