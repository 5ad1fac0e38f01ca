using System.Globalization;
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

    // 32 sequences a step in spark-tiny and its like, 16 in spark-8m and its like.
    [Theory]
    [MemberData(nameof(Small))]
    public void Small_configurations_run_on_usual_numbers_of_ranks_or_say_what_to_set(string file)
    {
        var config = StrictConfiguration.Load<TrainConfig>(Path.Combine(LauncherProcess.Folder, "configs", file), []).Value;
        foreach (int ranks in (int[])[1, 2, 4, 8])
        {
            Assert.Null(BatchLayout.ProblemWith(config, ranks));
            var layout = BatchLayout.Of(config, ranks);
            Assert.Equal(config.Training.SamplesPerStep(), (long)ranks * layout.AccumulationSteps * layout.Rows);
            Assert.InRange(layout.Rows, 1, config.Training.MicroBatch);
        }
        foreach (var (ranks, instead) in ((int, string)[])[(3, "2 or 4"), (6, "4 or 8")])
        {
            var (key, message) = BatchLayout.ProblemWith(config, ranks)!.Value;
            Assert.Equal("Training.GlobalBatchTokens", key);
            Assert.EndsWith($"Or train on {instead} ranks.", message, StringComparison.Ordinal);
            long nearest = long.Parse(Regex.Match(message, @"Nearest: \d+ or (\d+)\.").Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.Null(BatchLayout.ProblemWith(config with { Training = config.Training with { GlobalBatchTokens = nearest } }, ranks));
        }
    }

    public static TheoryData<string> Small() => [.. Directory.GetFiles(Path.Combine(LauncherProcess.Folder, "configs"), "*.json").Select(f => Path.GetFileName(f)!).Where(f => f.EndsWith("-tiny.json", StringComparison.Ordinal) || f.EndsWith("-8m.json", StringComparison.Ordinal))];

    [Theory]
    [InlineData("--ranks 3", "ranks 3 = 768. Nearest: 7680 or 8448. Or train on 2 or 4 ranks.")]
    [InlineData("--ranks 4 --set Distributed.Reduce=SlotTree --set Training.Threads=1", "a step has fewer slots than ranks (4). Set it to 4, 8, 16, 32")]
    public void Plan_for_ranks_that_a_step_cannot_be_dealt_out_to_says_what_to_set(string arguments, string message)
    {
        var plan = LauncherProcess.Run($"plan --config spark-tiny.json {arguments}");
        Assert.Equal(2, plan.ExitCode);
        Assert.Contains(message, plan.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_shows_the_micro_batches_of_a_rank() =>
        Assert.Matches("ranks × accumulation × sequences +8 × 1 × 4\n", LauncherProcess.Run("plan --config spark-tiny.json --ranks 8").Out);

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
