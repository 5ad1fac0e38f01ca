using System.Text;

namespace SparkTrain.ModelFormat.Tests;

public sealed class ModelFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("model-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("gemma2-tiny")]
    [InlineData("spark-tiny")]
    [InlineData("topk-gated")]
    public void Opens_every_golden_model(string golden)
    {
        using var model = ModelFolder.Open(Goldens.Folder(golden));
        long counted = TensorNames.Of(model.Config).Sum(t => model.FileOf(t.Name).Info(t.Name).Count);
        Assert.Equal(ParameterCount.Of(model.Config).Total, counted);
    }

    [Fact]
    public void Opens_a_sharded_folder()
    {
        CopyConfig("spark-tiny");
        using (var whole = ModelFolder.Open(Goldens.Folder("spark-tiny")))
        {
            string[] names = [.. TensorNames.Of(whole.Config).Select(t => t.Name)];
            WriteShard("a.safetensors", whole, names[..5]);
            WriteShard("b.safetensors", whole, names[5..]);
            string map = string.Join(",", names.Select((n, i) => $"\"{n}\":\"{(i < 5 ? "a" : "b")}.safetensors\""));
            File.WriteAllText(Path.Combine(folder, ModelFolder.IndexFile), $"{{\"weight_map\":{{{map}}}}}");
        }
        using var sharded = ModelFolder.Open(folder);
        Assert.Equal("b.safetensors", Path.GetFileName(sharded.FileOf(TensorNames.FinalNorm).Path));
    }

    [Fact]
    public void A_missing_and_a_misshapen_weight_are_named_together()
    {
        CopyConfig("spark-packed");
        using (var whole = ModelFolder.Open(Goldens.Folder("spark-packed")))
            WriteShard(ModelFolder.WeightsFile, whole, [.. TensorNames.Of(whole.Config).Select(t => t.Name).Where(n => n != TensorNames.FinalNorm)]);
        string config = Path.Combine(folder, ModelFolder.ConfigFile);
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"vocab_size\": 96", "\"vocab_size\": 97", StringComparison.Ordinal));
        var e = Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder));
        Assert.Contains("model.embed_tokens.weight is [96, 32]; expected [97, 32]", e.Message, StringComparison.Ordinal);
        Assert.Contains("model.norm.weight is missing; expected [32]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_absent_folder_and_a_shard_outside_the_folder_are_refused()
    {
        Assert.Contains("no such folder", Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder + "x")).Message, StringComparison.Ordinal);
        CopyConfig("spark-tiny");
        File.WriteAllText(Path.Combine(folder, ModelFolder.IndexFile), "{\"weight_map\":{\"x\":\"../../etc/passwd\"}}", Encoding.UTF8);
        Assert.Contains("not a valid index", Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder)).Message, StringComparison.Ordinal);
    }

    private void CopyConfig(string golden)
    {
        File.WriteAllText(Path.Combine(folder, ModelFolder.ConfigFile), File.ReadAllText(Path.Combine(Goldens.Folder(golden), ModelFolder.ConfigFile)));
    }

    private unsafe void WriteShard(string name, ModelFolder whole, string[] weights) =>
        SafetensorsWriter.Write(Path.Combine(folder, name), [.. weights.Select(w => (whole.FileOf(w).Info(w), (SafetensorsWriter.Source)(() => whole.FileOf(w).Pointer(w))))]);
}
