using SparkTrain.Support;
using System.Text.Json;

namespace SparkTrain.ModelFormat.Tests;

/// <summary>Folders as other programs leave them behind: which weights count is what transformers takes.</summary>
public sealed class ForeignFolderTests : IDisposable
{
    private static readonly string[] ShardNames = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

    private readonly string folder = Directory.CreateTempSubdirectory("foreign-").FullName;
    private readonly ModelFolder golden = ModelFolder.Open(Goldens.Folder("gemma2-tiny"));
    private readonly (string Name, long[] Shape)[] weights;

    public ForeignFolderTests()
    {
        weights = [.. WeightSlots.Of(golden.Config).Select(slot => (slot.Name, slot.Shape))];
        File.Copy(Path.Combine(Goldens.Folder("gemma2-tiny"), ModelFolder.ConfigFile), At(ModelFolder.ConfigFile));
    }

    public void Dispose()
    {
        golden.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void An_index_beside_the_whole_file_is_left_over()
    {
        WriteIndex(weights.ToDictionary(weight => weight.Name, _ => ShardNames[0]));
        Write(ModelFolder.WeightsFile, weights.Select(weight => weight.Name));
        RequireTheGolden();
    }

    // The shards hold the norm of another model.
    [Fact]
    public void Where_both_are_whole_the_one_file_counts()
    {
        WriteShards(name => name, other: true);
        RequireOther();
        Write(ModelFolder.WeightsFile, weights.Select(weight => weight.Name));
        RequireTheGolden();
    }

    [Fact]
    public void A_head_or_a_buffer_may_be_named_and_not_there_or_there_and_not_named()
    {
        var map = WriteShards(name => name);
        map[WeightNames.Head] = ShardNames[1];
        map["model.layers.0.self_attn.rotary_emb.inv_freq"] = ShardNames[0];
        WriteIndex(map);
        RequireTheGolden();

        map.Remove(WeightNames.Head);
        map.Remove("model.layers.0.self_attn.rotary_emb.inv_freq");
        WriteIndex(map);
        string[] second = [.. weights.Skip(weights.Length / 2).Select(weight => weight.Name)];
        Write(ShardNames[1], second, [("model.layers.0.self_attn.rotary_emb.inv_freq", [4])], repeatsHead: true);
        RequireTheGolden();

        map["model.layers.9.mlp.up_proj.weight"] = ShardNames[1];
        WriteIndex(map);
        Assert.Contains("it places model.layers.9.mlp.up_proj.weight in model-00002-of-00002.safetensors, where it is not", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq")]
    [InlineData("model.layers.1.self_attn.rotary_emb.cos_cached")]
    [InlineData("model.rotary_emb.inv_freq")]
    [InlineData("model.rotary_emb.original_inv_freq")]
    public void Frequencies_of_the_rotary_embedding_are_passed_over(string buffer)
    {
        Write(ModelFolder.WeightsFile, weights.Select(weight => weight.Name), [(buffer, [4])]);
        RequireTheGolden();
        Assert.DoesNotContain(buffer, WeightSlots.Of(golden.Config).Select(weight => weight.Name));
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.bias")]
    [InlineData("model.layers.0.rotary_emb.weight")]
    [InlineData("inv_freq")]
    public void Other_tensors_stay_unknown(string tensor)
    {
        Write(ModelFolder.WeightsFile, weights.Select(weight => weight.Name), [(tensor, [4])]);
        Assert.Contains($"{tensor} is not a weight of this model", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Names_without_the_prefix_get_it(bool isSharded, bool repeatsHead)
    {
        static string Bare(string name) => name["model.".Length..];
        if (isSharded) WriteShards(Bare, repeatsHead: repeatsHead);
        else Write(ModelFolder.WeightsFile, weights.Select(weight => weight.Name), [("layers.0.self_attn.rotary_emb.inv_freq", [4])], nameOf: Bare);
        RequireTheGolden();
    }

    [Fact]
    public void A_prefix_that_only_some_names_lack_is_missing()
    {
        Write(ModelFolder.WeightsFile, weights.Select(weight => weight.Name), nameOf: name => name == WeightNames.FinalNorm ? "norm.weight" : name);
        string refusal = Refusal();
        Assert.Contains("model.norm.weight is missing", refusal, StringComparison.Ordinal);
        Assert.Contains("norm.weight is not a weight", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin", "it holds no model.safetensors, but pytorch_model.bin", "save_pretrained(OTHER)")]
    [InlineData("gemma.gguf", "it holds no model.safetensors, but gemma.gguf", "save_pretrained(OTHER)")]
    [InlineData("model-00001-of-00002.safetensors", "it holds no model.safetensors, but model-00001-of-00002.safetensors", "fetch the rest of the folder")]
    [InlineData("notes.txt", "it holds no model.safetensors.", "fetch the rest of the folder")]
    [InlineData("adapter_config.json", "it is an adapter: it holds adapter_config.json", "merge_and_unload()")]
    public void A_folder_without_weights_says_what_it_holds_instead(string file, string found, string @do)
    {
        File.WriteAllText(At(file), "{}");
        string refusal = Refusal();
        Assert.Contains(found, refusal, StringComparison.Ordinal);
        Assert.Contains(@do, refusal, StringComparison.Ordinal);
        Assert.True(ModelFolder.IsOne(folder));
    }

    [Theory]
    [InlineData(ModelFolder.ConfigFile)]
    [InlineData(ModelFolder.WeightsFile)]
    [InlineData(ModelFolder.IndexFile)]
    public void A_pipe_or_a_device_in_place_of_a_file_is_refused_at_once(string file)
    {
        File.Delete(At(file));
        Assert.Equal(0, Started.Run("mkfifo", At(file)).ExitCode);
        Assert.Contains($"{file}: it cannot be read (it is a pipe, not a regular file)", Refusal(), StringComparison.Ordinal);
        File.Delete(At(file));
        File.CreateSymbolicLink(At(file), "/dev/zero");
        Assert.Contains($"{file}: it cannot be read (it is a device, not a regular file)", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ModelFolder.ConfigFile, """{"model_type":"\ud800"}""", "model_type holds half a surrogate pair")]
    [InlineData(ModelFolder.ConfigFile, """{"model_type":"gemma2","topk_selector":"\ud800"}""", "topk_selector holds half a surrogate pair")]
    [InlineData(ModelFolder.ConfigFile, """{"model_type":"gemma2","layer_types":["\udc00"]}""", "layer_types holds half a surrogate pair")]
    [InlineData(ModelFolder.ConfigFile, """{"\ud800":1}""", "holds half a surrogate pair")]
    [InlineData(ModelFolder.IndexFile, """{"weight_map":{"\ud800":"a"}}""", "weight_map.\\ud800 holds half a surrogate pair")]
    [InlineData(ModelFolder.IndexFile, """{"weight_map":{"x":"\ud800"}}""", "weight_map.x holds half a surrogate pair")]
    public void Half_a_surrogate_pair_is_refused_with_its_key(string file, string json, string message)
    {
        File.WriteAllText(At(file), json);
        string refusal = Refusal();
        Assert.Contains(file, refusal, StringComparison.Ordinal);
        Assert.Contains(message, refusal, StringComparison.Ordinal);
    }

    private string Refusal() => Assert.Throws<ModelFormatException>(() => ModelFolder.Open(folder)).Message;

    private unsafe void RequireTheGolden()
    {
        using var opened = ModelFolder.Open(folder);
        opened.RequireTiedHead();
        Assert.All(weights, weight => Assert.True(opened.FileOf(weight.Name).Bytes(weight.Name).SequenceEqual(golden.FileOf(weight.Name).Bytes(weight.Name)), weight.Name));
        Assert.All(weights, weight => Assert.Equal(weight.Name, opened.FileOf(weight.Name).Info(weight.Name).Name));
    }

    private void RequireOther()
    {
        using var opened = ModelFolder.Open(folder);
        Assert.False(opened.FileOf(WeightNames.FinalNorm).Bytes(WeightNames.FinalNorm).SequenceEqual(golden.FileOf(WeightNames.FinalNorm).Bytes(WeightNames.FinalNorm)));
    }

    private Dictionary<string, string> WriteShards(Func<string, string> nameOf, bool other = false, bool repeatsHead = false)
    {
        int half = weights.Length / 2;
        Write(ShardNames[0], weights.Take(half).Select(weight => weight.Name), nameOf: nameOf);
        Write(ShardNames[1], weights.Skip(half).Select(weight => weight.Name), repeatsHead: repeatsHead, nameOf: nameOf, other: other);
        var map = weights.Index().ToDictionary(weight => nameOf(weight.Item.Name), weight => ShardNames[weight.Index < half ? 0 : 1]);
        WriteIndex(map);
        return map;
    }

    private void WriteIndex(Dictionary<string, string> map) => File.WriteAllText(At(ModelFolder.IndexFile), JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map }));

    // Another model has the values of the first layer's norm in place of the last one's.
    private unsafe void Write(string file, IEnumerable<string> names, (string Name, long[] Shape)[]? buffers = null, bool repeatsHead = false, Func<string, string>? nameOf = null, bool other = false)
    {
        List<(TensorInfo, SafetensorsWriter.Source)> tensors = [];
        foreach (string name in names)
        {
            string from = other && name == WeightNames.FinalNorm ? WeightNames.Layer(0, "input_layernorm") : name;
            tensors.Add((golden.FileOf(name).Info(name) with { Name = nameOf?.Invoke(name) ?? name }, () => golden.FileOf(from).Pointer(from)));
        }
        if (repeatsHead) tensors.Add((golden.FileOf(WeightNames.Embedding).Info(WeightNames.Embedding) with { Name = WeightNames.Head }, () => golden.FileOf(WeightNames.Embedding).Pointer(WeightNames.Embedding)));
        foreach (var (name, shape) in buffers ?? []) tensors.Add((new(name, TensorType.F32, shape), () => golden.FileOf(WeightNames.Embedding).Pointer(WeightNames.Embedding)));
        SafetensorsWriter.Write(At(file), tensors);
    }

    private string At(string name) => Path.Combine(folder, name);
}
