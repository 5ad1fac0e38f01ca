using System.Text;
using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>Writes the weights of a model as Hugging Face does: one file, or several of a size at most with an index.</summary>
public static class ShardedSafetensors
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>Divides tensors among files in their order, a file ending before the tensor that would make it larger than allowed. One that is larger by itself has a file of its own.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="maxBytes">Bytes of tensors in a file at most.</param>
    public static IReadOnlyList<IReadOnlyList<TensorInfo>> Divide(IEnumerable<TensorInfo> tensors, long maxBytes)
    {
        List<List<TensorInfo>> shards = [];
        long size = 0;
        foreach (var tensor in tensors)
        {
            if (shards.Count == 0 || size + tensor.ByteLength > maxBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(tensor);
            size += tensor.ByteLength;
        }
        return shards;
    }

    /// <summary>Writes model.safetensors, or shards and model.safetensors.index.json where one file would be too large; flushes all to the disk. Returns the shards.</summary>
    /// <param name="folder">The folder, which is there.</param>
    /// <param name="weights">The weights in the types to write.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="maxBytes">Bytes of tensors in a file at most.</param>
    /// <exception cref="IOException">The disk is full or the path is not writable.</exception>
    public static unsafe IReadOnlyList<IReadOnlyList<TensorInfo>> Write(string folder, WeightConversion weights, ModelConfig config, long maxBytes)
    {
        return Write(folder, weights, ModelFamily.Of(config).Files(WeightSlots.Of(config)), maxBytes);
    }

    internal static unsafe IReadOnlyList<IReadOnlyList<TensorInfo>> Write(string folder, WeightConversion weights, IReadOnlyList<FileTensor> files, long maxBytes)
    {
        using var assembly = new FileTensorAssembly(weights, files);
        var byName = files.ToDictionary(file => file.Name);
        var shards = Divide(files.Select(file => new TensorInfo(file.Name, weights.TypeOf(file.Parts[0]), file.Shape)), maxBytes);
        foreach (var (index, shard) in shards.Index())
            SafetensorsWriter.Write(Path.Combine(folder, FileName(index, shards.Count)), [.. shard.Select(tensor => (tensor, (SafetensorsWriter.Source)(() => assembly.Read(byName[tensor.Name]))))], Metadata);
        if (shards.Count > 1)
        {
            using var file = new FileStream(Path.Combine(folder, ModelFolder.IndexFile), FileMode.Create, FileAccess.Write);
            file.Write(Encoding.UTF8.GetBytes(Index(shards)));
            file.Flush(flushToDisk: true);
        }
        return shards;
    }

    private static string FileName(int index, int count) =>
        count == 1 ? ModelFolder.WeightsFile : FormattableString.Invariant($"model-{index + 1:D5}-of-{count:D5}.safetensors");

    private static string Index(IReadOnlyList<IReadOnlyList<TensorInfo>> shards)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (index, shard) in shards.Index())
            foreach (var tensor in shard) map[tensor.Name] = FileName(index, shards.Count);
        long total = shards.Sum(shard => shard.Sum(tensor => tensor.ByteLength));
        return JsonSerializer.Serialize(new { metadata = new { total_size = total }, weight_map = map }, Indented) + "\n";
    }

    private static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };
}
