using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Checkpoints.Tests;

/// <summary>A checkpoints folder with checkpoints of a model of a few hundred weights, divided among ranks as training does.</summary>
internal sealed unsafe class SavedRun : IDisposable
{
    public static readonly ModelConfig Model = new()
    {
        VocabSize = 5, DModel = 4, NumLayers = 1, MaxSeqLen = 8,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 6 },
        Attention = new() { Kind = AttentionKind.Dense, NumHeads = 2, NumKvHeads = 1, HeadDim = 2, Window = 4 },
    };

    private static readonly JsonNode ModelJson = JsonNode.Parse("""
        {
          "VocabSize": 5, "DModel": 4, "NumLayers": 1, "MaxSeqLen": 8, "Ffn": { "Kind": "Gated", "DFf": 6 },
          "Attention": { "Kind": "Dense", "NumHeads": 2, "NumKvHeads": 1, "HeadDim": 2, "Window": 4 }
        }
        """)!;

    private readonly TemporaryFolder folder = new();

    public CheckpointStore Store => new(this["run/checkpoints"]);

    public string this[string name] => folder[name];

    /// <summary>The value of an element of a tensor: different for all.</summary>
    public static float ValueOf(string tensor, long element) => 1 + Names().IndexOf(tensor) + element / 512f;

    public void Dispose() => folder.Dispose();

    /// <summary>Writes the checkpoint of a step; the elements of all tensors one after the other are divided evenly among the ranks.</summary>
    public string Save(long step, int worldSize = 2, int format = CheckpointManifest.CurrentFormat)
    {
        var shapes = WeightSlots.Of(Model).ToDictionary(weight => weight.Name, weight => weight.Shape);
        (string Name, long[] Shape)[] tensors = [.. Names().Select(name => (name, shapes[name.Replace("optimizer.m.", "", StringComparison.Ordinal)]))];
        long total = tensors.Sum(tensor => CountOf(tensor.Shape));
        var files = new Dictionary<string, ShardFile>();
        string temporary = Directory.CreateDirectory(Store.TemporaryOf(step)).FullName;
        for (int rank = 0; rank < worldSize; rank++)
        {
            string name = CheckpointManifest.ShardName(rank, worldSize), path = Path.Combine(temporary, name);
            string hash = WriteShard(path, tensors, total * rank / worldSize, total * (rank + 1) / worldSize);
            files[name] = new(new FileInfo(path).Length, hash);
        }
        Store.Publish(step, files, places => new()
        {
            FormatVersion = format, CodeVersion = "0", Progress = new(step, 10 * step, 5 * step, 1.5), WorldSize = worldSize, Seed = 1, DataFingerprint = "f",
            Config = new JsonObject { ["Model"] = ModelJson.DeepClone() }, Files = files, Tensors = places,
        });
        return Store.PathOf(step);
    }

    /// <summary>Changes the manifest of a checkpoint, and the mark with it: as a careless or hostile writer would.</summary>
    public static void Rewrite(string checkpoint, byte[] manifest)
    {
        File.WriteAllBytes(Path.Combine(checkpoint, "manifest.json"), manifest);
        File.WriteAllBytes(Path.Combine(checkpoint, "COMPLETE"), CompleteMark.Of(manifest));
    }

    private static List<string> Names() => [.. WeightSlots.Of(Model).Select(weight => weight.Name), .. WeightSlots.Of(Model).Select(weight => "optimizer.m." + weight.Name)];

    private static long CountOf(long[] shape) => shape.Aggregate(1L, (a, b) => a * b);

    private static string WriteShard(string path, (string Name, long[] Shape)[] tensors, long begin, long end)
    {
        float* values = (float*)NativeMemory.Alloc((nuint)(end - begin) * sizeof(float));
        try
        {
            List<(TensorInfo, SafetensorsWriter.Source)> pieces = [];
            long at = 0, next = 0;
            foreach (var (name, shape) in tensors)
            {
                long first = Math.Max(begin - at, 0), count = Math.Min(end - at, CountOf(shape)) - first;
                at += CountOf(shape);
                if (count <= 0) continue;
                float* piece = values + next;
                for (long i = 0; i < count; i++) piece[i] = ValueOf(name, first + i);
                pieces.Add((new TensorPiece(name, shape, first, count).Info, () => (byte*)piece));
                next += count;
            }
            return SafetensorsWriter.Write(path, pieces);
        }
        finally
        {
            NativeMemory.Free(values);
        }
    }
}
