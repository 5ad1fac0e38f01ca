using SparkTrain.Support;
using System.Text.Json.Nodes;

namespace SparkTrain.ModelFormat.Tests;

public sealed class ShardedSafetensorsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("shards-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // The example in the documentation of huggingface_hub's split_torch_state_dict_into_shards.
    [Fact]
    public void Tensors_are_divided_as_hugging_face_divides_them()
    {
        int[] sizes = [6, 6, 2, 6, 2, 2];
        Assert.Equal([[6], [6, 2], [6, 2, 2]], Divide(sizes, 10));
        Assert.Equal([[6, 6, 2, 6, 2, 2]], Divide(sizes, 24));
        Assert.Equal([[6, 6, 2, 6, 2], [2]], Divide(sizes, 23));
        // One that is larger than allowed has a file of its own.
        Assert.Equal([[6], [6], [2], [6], [2, 2]], Divide(sizes, 5));

        static IEnumerable<long[]> Divide(int[] sizes, long maxBytes) => ShardedSafetensors.Divide(sizes.Select((size, i) => new TensorInfo($"{i}", TensorType.U8, [size])), maxBytes)
            .Select(shard => shard.Select(tensor => tensor.ByteLength).ToArray());
    }

    [Theory]
    [InlineData("gemma2-tiny", 20_000)]
    [InlineData("spark-tiny", 5_000)]
    public void The_index_names_the_file_of_each_weight_and_the_bytes_of_all(string golden, long maxBytes)
    {
        using var model = ModelFolder.Open(Goldens.Folder(golden));
        using (var weights = new WeightConversion(model, null)) Assert.InRange(ShardedSafetensors.Write(folder, weights, model.Config, maxBytes).Count, 3, 99);
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model.safetensors.index.json")))!;
        Assert.Equal(4 * ParameterCount.Of(model.Config).Total, (long)index["metadata"]!["total_size"]!);
        Assert.Equal(WeightSlots.Of(model.Config).Select(weight => weight.Name).Order(StringComparer.Ordinal), index["weight_map"]!.AsObject().Select(entry => entry.Key));

        File.Copy(Path.Combine(model.Path, "config.json"), Path.Combine(folder, "config.json"));
        using var sharded = ModelFolder.Open(folder);
        foreach (var (name, _) in WeightSlots.Of(model.Config))
        {
            Assert.Equal((string)index["weight_map"]![name]!, Path.GetFileName(sharded.FileOf(name).Path));
            Assert.Equal(model.FileOf(name).Bytes(name), sharded.FileOf(name).Bytes(name));
            Assert.Equal("pt", sharded.FileOf(name).Metadata["format"]);
        }
    }

    [Fact]
    public void What_fits_in_one_file_has_no_index()
    {
        using var model = ModelFolder.Open(Goldens.Folder("spark-tiny"));
        using (var weights = new WeightConversion(model, null)) Assert.Single(ShardedSafetensors.Write(folder, weights, model.Config, 1 << 30));
        Assert.Equal(["model.safetensors"], Directory.GetFiles(folder).Select(Path.GetFileName));
    }
}
