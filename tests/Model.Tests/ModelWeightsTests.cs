namespace SparkTrain.Model.Tests;

public sealed class ModelWeightsTests : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("model-weights-").FullName;

    public void Dispose() => Directory.Delete(path, recursive: true);

    [Theory, InlineData(TensorType.F32, ScalarType.Float32), InlineData(TensorType.BF16, ScalarType.BFloat16)]
    public void Saved_weights_come_back(TensorType type, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        ModelWeights.Save(model, path, type);
        using var folder = ModelFolder.Open(path);
        using var loaded = ModelWeights.Load(folder, new ComputeOptions());
        foreach (var ((slot, saved), (_, weight)) in model.Weights.Zip(loaded.Weights))
        {
            Assert.Equal(type, folder.TypeOf(slot));
            Assert.Equal(ScalarType.Float32, weight.dtype);
            Assert.True(saved.to(dtype).to(ScalarType.Float32).eq(weight).all().item<bool>(), slot.Name);
        }
        var tokens_BT = TinyConfigs.Tokens(model.Config, 1, 12);
        if (type == TensorType.F32) Assert.True(model.call(tokens_BT, null).eq(loaded.call(tokens_BT, null)).all().item<bool>());
    }

    [Fact]
    public void A_float16_file_loads()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        ModelWeights.Save(model, path, TensorType.F32);
        WriteHalf(model);
        using var folder = ModelFolder.Open(path);
        using var loaded = ModelWeights.Load(folder, new ComputeOptions());
        foreach (var ((slot, saved), (_, weight)) in model.Weights.Zip(loaded.Weights))
            Assert.True(saved.to(ScalarType.Float16).to(ScalarType.Float32).eq(weight).all().item<bool>(), slot.Name);
    }

    [Fact]
    public void Models_are_not_saved_in_other_types()
    {
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        Assert.Throws<ArgumentOutOfRangeException>(() => ModelWeights.Save(model, path, TensorType.I32));
        Assert.Empty(Directory.EnumerateFiles(path));
    }

    private unsafe void WriteHalf(Transformer model)
    {
        using var memory = new Native.TensorMemory();
        var halves = model.Weights.Select(w => (w.Slot.Name, Half: w.Weight.detach().to(ScalarType.Float16))).ToList();
        SafetensorsWriter.Write(Path.Combine(path, ModelFolder.WeightsFile), [.. halves.Select(h => (
            new TensorInfo(h.Name, TensorType.F16, h.Half.shape), (SafetensorsWriter.Source)(() => (byte*)memory.Pointer(h.Half))))]);
    }
}
