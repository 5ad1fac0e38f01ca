using SparkTrain.Support;
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
        long counted = WeightSlots.Of(model.Config).Sum(t => model.FileOf(t.Name).Info(t.Name).Count);
        Assert.Equal(ParameterCount.Of(model.Config).Total, counted);
    }

    [Fact]
    public void Opens_a_sharded_folder()
    {
        CopyConfig("spark-tiny");
        using (var whole = ModelFolder.Open(Goldens.Folder("spark-tiny")))
        {
            string[] names = [.. WeightSlots.Of(whole.Config).Select(t => t.Name)];
            WriteShard("a.safetensors", whole, names[..5]);
            WriteShard("b.safetensors", whole, names[5..]);
            string map = string.Join(",", names.Select((n, i) => $"\"{n}\":\"{(i < 5 ? "a" : "b")}.safetensors\""));
            File.WriteAllText(Path.Combine(folder, ModelFolder.IndexFile), $"{{\"weight_map\":{{{map}}}}}");
        }
        using var sharded = ModelFolder.Open(folder);
        Assert.Equal("b.safetensors", Path.GetFileName(sharded.FileOf(WeightNames.FinalNorm).Path));
    }

    [Fact]
    public void A_missing_and_a_misshapen_weight_are_named_together()
    {
        CopyConfig("spark-packed");
        using (var whole = ModelFolder.Open(Goldens.Folder("spark-packed")))
            WriteShard(ModelFolder.WeightsFile, whole, [.. WeightSlots.Of(whole.Config).Select(t => t.Name).Where(n => n != WeightNames.FinalNorm)]);
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

    // What a folder from elsewhere may hold instead of what it should.
    [Theory]
    [InlineData("""{"weight_map":{"x":"../../etc/passwd"}}""", "a shard's name is not a plain file name")]
    [InlineData("""{"weight_map":{"x":"/etc/passwd"}}""", "a shard's name is not a plain file name")]
    [InlineData("""{"weight_map":{"x":".."}}""", "a shard's name is not a plain file name")]
    [InlineData("""{"weight_map":{"x":"a\u0000.safetensors"}}""", "a shard's name is not a plain file name")]
    [InlineData("""{"weight_map":{"x":7}}""", "not a valid index")]
    [InlineData("""{"weight_map":["a.safetensors"]}""", "not a valid index")]
    [InlineData("""[1]""", "not a valid index")]
    [InlineData("""{"metadata":{}}""", "not a valid index")]
    [InlineData("""{"weight_map":{"x":"a.safetensors" """, "not a valid index")]
    [InlineData("""{"weight_map":{"x":"a.safetensors","x":"b.safetensors"}}""", "it names x twice")]
    [InlineData("""{"weight_map":{"model.norm.weight":"a.safetensors","x":"gone.safetensors"}}""", "gone.safetensors: no such file")]
    [InlineData("""{"weight_map":{"model.norm.weight":"b.safetensors","x":"b.safetensors"}}""", "it places x in b.safetensors, where it is not")]
    [InlineData("""{"weight_map":{"model.norm.weight":"a.safetensors"}}""", "it does not name model.embed_tokens.weight, which a.safetensors holds")]
    [InlineData("""{"weight_map":{"model.norm.weight":"a.safetensors","model.embed_tokens.weight":"twice.safetensors"}}""", "model.embed_tokens.weight is in a.safetensors and in twice.safetensors")]
    [InlineData("""{"weight_map":{"model.norm.weight":"short.safetensors"}}""", "a complete file (this one is cut off)")]
    [InlineData("""{"weight_map":{"model.norm.weight":"a.safetensors","model.embed_tokens.weight":"a.safetensors"}}""", "the weights do not fit config.json:\n    model.layers.0.input_layernorm.weight is missing")]
    public void An_index_that_lies_or_leads_away_is_refused(string index, string message)
    {
        CopyConfig("spark-tiny");
        using (var whole = ModelFolder.Open(Goldens.Folder("spark-tiny")))
        {
            WriteShard("a.safetensors", whole, [WeightNames.Embedding, WeightNames.FinalNorm]);
            WriteShard("b.safetensors", whole, [WeightNames.FinalNorm]);
            WriteShard("twice.safetensors", whole, [WeightNames.Embedding]);
            WriteShard("short.safetensors", whole, [WeightNames.FinalNorm]);
        }
        string cut = Path.Combine(folder, "short.safetensors");
        File.WriteAllBytes(cut, File.ReadAllBytes(cut)[..^1]);
        File.WriteAllText(Path.Combine(folder, ModelFolder.IndexFile), index);
        Assert.Contains(message, Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_index_and_a_huge_config_are_refused_before_they_are_read()
    {
        CopyConfig("spark-tiny");
        using (var index = File.Create(Path.Combine(folder, ModelFolder.IndexFile))) index.SetLength(1L << 40);
        Assert.Contains("it has 1099511627776 bytes", Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder)).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, ModelFolder.IndexFile));
        using (var config = File.Create(Path.Combine(folder, ModelFolder.ConfigFile))) config.SetLength(1L << 40);
        Assert.Contains("it has 1099511627776 bytes", Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_that_repeats_the_embedding_is_accepted_and_another_one_refused()
    {
        CopyConfig("gemma2-tiny");
        using var whole = ModelFolder.Open(Goldens.Folder("gemma2-tiny"));
        string[] names = [.. WeightSlots.Of(whole.Config).Select(weight => weight.Name)];
        var table = whole.FileOf(WeightNames.Embedding);
        var shape = table.Info(WeightNames.Embedding).Shape;
        Open(0, shape, tied => tied.RequireTiedHead());
        Open(4, shape, other => Assert.Contains("lm_head.weight has other values than model.embed_tokens.weight", Assert.Throws<ModelFormatException>(other.RequireTiedHead).Message, StringComparison.Ordinal));
        Assert.Contains("lm_head.weight is [32] F32, the embedding", Assert.Throws<ModelFormatException>(() => Open(0, [32], _ => { })).Message, StringComparison.Ordinal);

        // The head has the bytes of the file from the embedding's first one on, or from a later one.
        unsafe void Open(int shift, IReadOnlyList<long> shape, Action<ModelFolder> look)
        {
            SafetensorsWriter.Write(Path.Combine(folder, ModelFolder.WeightsFile),
            [
                .. names.Select(name => (whole.FileOf(name).Info(name), (SafetensorsWriter.Source)(() => whole.FileOf(name).Pointer(name)))),
                (new TensorInfo(WeightNames.Head, TensorType.F32, shape), () => table.Pointer(WeightNames.Embedding) + shift),
            ]);
            using var opened = ModelFolder.Open(folder);
            look(opened);
        }
    }

    private void CopyConfig(string golden)
    {
        File.WriteAllText(Path.Combine(folder, ModelFolder.ConfigFile), File.ReadAllText(Path.Combine(Goldens.Folder(golden), ModelFolder.ConfigFile)));
    }

    private unsafe void WriteShard(string name, ModelFolder whole, string[] weights) =>
        SafetensorsWriter.Write(Path.Combine(folder, name), [.. weights.Select(w => (whole.FileOf(w).Info(w), (SafetensorsWriter.Source)(() => whole.FileOf(w).Pointer(w))))]);
}
