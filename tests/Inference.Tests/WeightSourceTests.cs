using System.Text.Json;
using SparkTrain.Inference.Tests.Reference;

namespace SparkTrain.Inference.Tests;

/// <summary>Weights of the same values give the same bits wherever they come from.</summary>
public sealed class WeightSourceTests : IDisposable
{
    private static readonly int[] Prompt = [7, 0, 70, 3, 3, 12, 41, 9, 22, 5];

    private readonly string folder = Directory.CreateTempSubdirectory("sparktrain-engine-").FullName;

    [Theory, MemberData(nameof(Shapes.Kinds), MemberType = typeof(Shapes))]
    public void A_folder_of_16_bits_equals_one_of_float32(FfnKind ffn, AttentionKind attention)
    {
        using var drawn = new RandomWeights(Shapes.Of(ffn, attention), 3);
        foreach (var type in (TensorType[])[TensorType.F16, TensorType.BF16])
        {
            using var rounded = drawn.RoundedTo(type);
            using var stored = rounded.StoredAs(_ => type);
            using var narrow = Write(stored, $"{type}");
            using var wide = Write(rounded, $"{type}-wide");
            foreach (var weights in (TensorType?[])[null, TensorType.F32, TensorType.BF16])
                Decoding.AssertSameBits(Run(wide, new() { Threads = 1, Weights = weights, Cache = TensorType.F32 }), Run(narrow, new() { Threads = 1, Weights = weights, Cache = TensorType.F32 }), $"{type} as {weights}");
        }
    }

    [Fact]
    public void Weights_of_several_types_may_stand_side_by_side()
    {
        using var drawn = new RandomWeights(Shapes.Spark, 3);
        using var exact = drawn.RoundedTo(TensorType.BF16).RoundedTo(TensorType.F16);
        var random = new Random(1);
        float[][] expected = Run(exact, new() { Threads = 1, Weights = TensorType.F32 });
        for (int i = 0; i < 20; i++)
        {
            // The values are exact in all three types, but for the smallest ones in F16.
            var types = WeightSlots.Of(Shapes.Spark).ToDictionary(w => w.Name, _ => (TensorType)random.Next(3));
            using var mixed = new RandomWeights(Shapes.Spark, types.ToDictionary(t => t.Key, t => exact[t.Key].Select(x => RandomWeights.Rounded(x, t.Value)).ToArray()), name => types[name]);
            using var wide = mixed.StoredAs(_ => TensorType.F32);
            Decoding.AssertSameBits(Run(wide, new() { Threads = 1, Weights = TensorType.F32 }), Run(mixed, new() { Threads = 1, Weights = TensorType.F32 }), "mixed");
            Assert.Equal(expected.Length, Run(mixed, new() { Threads = 1 }).Length);
        }
    }

    [Fact]
    public void A_folder_of_shards_equals_one_of_one_file()
    {
        using var weights = new RandomWeights(Shapes.Spark, 3);
        using var one = Write(weights, "one");
        var names = WeightSlots.Of(Shapes.Spark).Select(w => w.Name).ToArray();
        string path = Path.Combine(folder, "shards");
        Directory.CreateDirectory(path);
        var map = new Dictionary<string, string>();
        for (int shard = 0; shard < 3; shard++)
        {
            string file = $"model-0000{shard + 1}-of-00003.safetensors";
            string[] part = [.. names.Where((_, i) => i % 3 == shard)];
            WriteFile(weights, part, Path.Combine(path, file));
            foreach (string name in part) map[name] = file;
        }
        File.WriteAllText(Path.Combine(path, ModelFolder.IndexFile), JsonSerializer.Serialize(new { weight_map = map }));
        File.Copy(Path.Combine(one.Path, ModelFolder.ConfigFile), Path.Combine(path, ModelFolder.ConfigFile));
        using var shards = ModelFolder.Open(path);
        Decoding.AssertSameBits(Run(one, new() { Threads = 1 }), Run(shards, new() { Threads = 1 }), "shards");
        Decoding.AssertSameBits(Run(one, new() { Threads = 1 }), Run(weights, new() { Threads = 1 }), "a source in memory");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static float[][] Run(IWeightSource weights, EngineOptions options)
    {
        using var engine = SparseEngine.Load(weights, options);
        return Decoding.Each(engine, Prompt);
    }

    private ModelFolder Write(RandomWeights weights, string name)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(path);
        var names = WeightSlots.Of(weights.Config).Select(w => w.Name).ToArray();
        WriteFile(weights, names, Path.Combine(path, ModelFolder.WeightsFile));
        File.WriteAllText(Path.Combine(path, ModelFolder.ConfigFile), HuggingFaceConfig.Write(weights.Config, weights.TypeOf(names[0])));
        return ModelFolder.Open(path);
    }

    private static unsafe void WriteFile(RandomWeights weights, string[] names, string path)
    {
        var shapes = WeightSlots.Of(weights.Config).ToDictionary(w => w.Name, w => w.Shape);
        SafetensorsWriter.Write(path, [.. names.Select(name => (new TensorInfo(name, weights.TypeOf(name), shapes[name]), (SafetensorsWriter.Source)(() => weights.Read(name))))]);
    }
}
