using System.Text.Json;

namespace SparkTrain.ModelFormat.Tests.Families;

public sealed unsafe class FileTensorTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("families-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // Two matrices [out, in]: 1 2 3 / 4 5 6 and 7 8 9.
    private static readonly WeightSlot A = new(WeightRole.Query, 0, [2, 3]), B = new(WeightRole.Key, 0, [1, 3]);

    public static TheoryData<bool, float[]> Layouts => new()
    {
        { false, [1, 2, 3, 4, 5, 6, 7, 8, 9] },
        { true, [1, 4, 7, 2, 5, 8, 3, 6, 9] },
    };

    [Theory, MemberData(nameof(Layouts))]
    public void Parts_are_stacked_and_turned(bool isTransposed, float[] stored)
    {
        var tensor = new FileTensor("both", [A, B], isTransposed);
        Assert.Equal([3, 3], tensor.Shape);
        Assert.False(tensor.IsWeight);
        float[] values = new float[9], a = [1, 2, 3, 4, 5, 6], b = [7, 8, 9], part = new float[3];
        fixed (float* v = values, pa = a, pb = b, pp = part)
        {
            tensor.Insert((byte*)v, sizeof(float), A, (byte*)pa);
            tensor.Insert((byte*)v, sizeof(float), B, (byte*)pb);
            tensor.Extract((byte*)v, sizeof(float), B, (byte*)pp);
        }
        Assert.Equal(stored, values);
        Assert.Equal(b, part);
    }

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.BF16)]
    public void A_family_that_fuses_and_turns_matrices_writes_and_reads_the_same_weights(TensorType type)
    {
        using var golden = ModelFolder.Open(Goldens.Folder("gemma2-tiny"));
        var family = new FusedFamily();
        using (var expected = new WeightConversion(golden, type)) ShardedSafetensors.Write(folder, expected, family.Files(golden.Weights), long.MaxValue);
        using var fused = ModelFolder.Open(folder, golden.Config, family);
        Assert.Contains("h.0.attn.c_attn.weight", fused.Tensors.Select(tensor => tensor.Name));
        var q = golden.Weights[WeightRole.Query, 0].Shape;
        Assert.Equal(q[1], fused.FileOf("h.0.attn.c_attn.weight").Info("h.0.attn.c_attn.weight").Shape[0]);
        using var converted = new WeightConversion(golden, type);
        foreach (var slot in golden.Weights)
        {
            int bytes = (int)slot.Count * type.Size();
            Assert.Equal(new ReadOnlySpan<byte>(converted.Read(slot), bytes), new ReadOnlySpan<byte>(fused.Read(slot), bytes));
        }
    }

    // GPT-2's ways: query, key and value in one matrix [in, out], the output projection turned, everything else as it is.
    private sealed class FusedFamily : ModelFamily
    {
        public override IReadOnlyList<string> ModelTypes => ["fused"];

        public override string Head => "head.weight";

        public override bool Holds(ModelConfig config) => false;

        public override ModelConfig ReadConfig(string path, JsonElement root) => throw new NotSupportedException();

        public override string WriteConfig(ModelConfig config, TensorType type) => throw new NotSupportedException();

        public override IReadOnlyList<FileTensor> Files(WeightSlots weights) => [.. weights.Where(slot => slot.Role is not (WeightRole.Key or WeightRole.Value)).Select(slot => slot.Role switch
        {
            WeightRole.Query => new($"h.{slot.Layer}.attn.c_attn.weight", [slot, weights[WeightRole.Key, slot.Layer!.Value], weights[WeightRole.Value, slot.Layer.Value]], IsTransposed: true),
            WeightRole.AttentionOutput => new FileTensor($"h.{slot.Layer}.attn.c_proj.weight", [slot], IsTransposed: true),
            WeightRole.FfnGate => new FileTensor($"h.{slot.Layer}.gate", [slot]),
            _ => FileTensor.Of(slot),
        })];
    }
}
