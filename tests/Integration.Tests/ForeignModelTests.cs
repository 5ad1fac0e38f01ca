using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>Model folders that others made, from the command line: what they compute, and that none of them can do harm.</summary>
public sealed class ForeignModelTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Everything at once that the layout of a folder may have and its model does not tell by.
    [Theory]
    [InlineData("sparse")]
    [InlineData("torch")]
    public void A_folder_computes_what_transformers_computes(string engine)
    {
        var config = ChainModel.Config;
        (config["sliding_window"], config["layer_types"]) = (null, new JsonArray("full_attention", "full_attention"));
        ChainModel.Write(At("m"), config, [.. ChainModel.Weights().Select(weight => (weight.Name["model.".Length..], weight.Shape, weight.Values)), ("layers.0.self_attn.rotary_emb.inv_freq", [4], [1, 0.1f, 0.01f, 0.001f])]);
        // Left over from an older model.
        ChainModel.WriteFile(At("m/model-00001-of-00001.safetensors"), ChainModel.Weights(older: true));
        File.WriteAllText(At("m/model.safetensors.index.json"), new JsonObject { ["weight_map"] = new JsonObject(ChainModel.Weights().Select(weight => KeyValuePair.Create(weight.Name, (JsonNode?)"model-00001-of-00001.safetensors"))) }.ToJsonString());
        Assert.Equal(ChainModel.Text + "\n", Require(0, "generate", "--model", "m", "--prompt", "A", "--temperature", "0", "--quiet", "--engine", engine).Out);
    }

    [Fact]
    public void A_scale_that_is_left_out_is_256_whatever_the_head_and_heads_that_do_not_divide_the_width_are_warned_of()
    {
        var config = ChainModel.Config;
        config.Remove("query_pre_attn_scalar");
        ChainModel.Write(At("m"), config);
        Assert.Equal("", Require(0, "export", "m", "--output", "out", "--as", "gemma2").Error);
        Assert.Equal(256, (int)JsonNode.Parse(File.ReadAllText(At("out/config.json")))!["query_pre_attn_scalar"]!);
        // 264 is no multiple of 5: five heads of 8 want queries of 40 rows.
        config["num_attention_heads"] = 5;
        ChainModel.Write(At("five"), config, ChainModel.Weights().Select(weight => weight.Name.EndsWith("q_proj.weight", StringComparison.Ordinal) ? (weight.Name, [40, 264], new float[40 * 264])
            : weight.Name.EndsWith("o_proj.weight", StringComparison.Ordinal) ? (weight.Name, [264, 40], new float[40 * 264]) : weight));
        foreach (string[] family in (string[][])[["--as", "gemma2"], []])
            Assert.StartsWith("warning: the width 264 (hidden_size) is no multiple of the 5 heads (num_attention_heads): transformers 5.24 refuses", Require(0, ["export", "five", "--output", $"out{family.Length}", .. family]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_others_are_spelled_out()
    {
        var config = ChainModel.Config;
        config["model_type"] = "\e[31mEVIL\u009b2J\u202e";
        ChainModel.Write(At("type"), config);
        ChainModel.Write(At("tensor"), null, [.. ChainModel.Weights(), ("\e[2Jtensor", [1], [0])]);
        foreach (var (model, shown) in ((string, string)[])[("type", @"\u001b[31mEVIL\u009b2J\u202e"), ("tensor", @"\u001b[2Jtensor is not a weight")])
        {
            string error = Require(4, "inspect", model).Error;
            Assert.Contains(shown, error, StringComparison.Ordinal);
            Assert.DoesNotContain(error, c => char.IsControl(c) && c != '\n');
        }
    }

    [Fact]
    public void Pipes_devices_and_half_characters_are_refused_with_their_exit_codes()
    {
        ChainModel.Write(At("m"));
        Assert.Equal(0, Started.Run("mkfifo", At("pipe")).ExitCode);
        File.WriteAllText(At("in.jsonl"), "{\"prompt\":\"a\"}\n{\"prompt\":\"\\ud800\"}\n");
        Refused(2, "--token-file absent: there is no such file", "serve", "--model", "m", "--token-file", "absent");
        Refused(2, "pipe: cannot be read: it is a pipe", "--config", "pipe");
        Refused(3, "in.jsonl:2: it is not JSON (prompt holds half a surrogate pair", "generate", "--model", "m", "--input", "in.jsonl");
        Directory.CreateDirectory(At("data"));
        File.Move(At("pipe"), At("data/dataset.json"));
        Refused(3, "data/dataset.json: it cannot be read (it is a pipe", "data", "check", "data");
        File.Delete(At("m/tokenizer.json"));
        File.CreateSymbolicLink(At("m/tokenizer.json"), "/dev/zero");
        Refused(3, "m/tokenizer.json: it cannot be read (it is a device", "generate", "--model", "m", "--prompt", "A");
        File.WriteAllText(At("m/config.json"), """{"model_type":"gemma2","topk_selector":"\ud800"}""");
        Refused(4, "topk_selector holds half a surrogate pair", "inspect", "m");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_model_is_upcycled_with_its_tokenizer_or_without_one(bool hasTokenizer)
    {
        ChainModel.Write(At("m"));
        File.WriteAllText(At("m/chat_template.jinja"), "{{ messages }}");
        if (!hasTokenizer) foreach (string file in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]) File.Delete(At($"m/{file}"));
        Require(0, "upcycle", "--model", "m", "--output", "up");
        string[] expected = hasTokenizer ? ["chat_template.jinja", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] : ["config.json", "model.safetensors"];
        Assert.Equal(expected, Directory.GetFiles(At("up")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.All(expected.Where(file => file.StartsWith("token", StringComparison.Ordinal)), file => Assert.Equal(File.ReadAllBytes(At($"m/{file}")), File.ReadAllBytes(At($"up/{file}"))));
        using var made = ModelFolder.Open(At("up"));
        Assert.Equal(FfnKind.Spark, made.Config.Ffn.Kind);
    }

    private string At(string name) => Path.Combine(folder, name);

    private void Refused(int exitCode, string message, params string[] arguments)
    {
        // data check prints what it finds.
        var (_, output, error) = Require(exitCode, arguments);
        Assert.Contains(message, output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private Outcome Require(int exitCode, params string[] arguments)
    {
        var run = Cli.Run(folder, arguments);
        Assert.True(run.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {run.ExitCode}\n{run.Out}{run.Error}");
        return run;
    }
}
