using System.Runtime.InteropServices;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints.Tests;

public sealed class ModelExportTests : IDisposable
{
    private readonly SavedRun run = new();

    public void Dispose() => run.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void The_shards_of_any_number_of_ranks_become_one_model(int worldSize)
    {
        string saved = run.Save(7, worldSize);
        Export(saved, TensorType.F32);
        using var model = ModelFolder.Open(run["model"]);
        Assert.Equal(HuggingFaceConfig.Write(SavedRun.Model, TensorType.F32), HuggingFaceConfig.Write(model.Config, TensorType.F32));
        foreach (var (name, _) in TensorNames.Of(SavedRun.Model))
        {
            float[] values = MemoryMarshal.Cast<byte, float>(model.FileOf(name).Bytes(name)).ToArray();
            Assert.Equal(values.Select((_, i) => SavedRun.ValueOf(name, i)), values);
        }
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(run["model"]).Select(Path.GetFileName).Order());
        Assert.Equal("pieces", File.ReadAllText(run["model/tokenizer.json"]));
    }

    [Fact]
    public void Bf16_is_each_value_rounded()
    {
        Export(run.Save(7), TensorType.BF16);
        using var model = ModelFolder.Open(run["model"]);
        foreach (var (name, shape) in TensorNames.Of(SavedRun.Model))
        {
            var weights = model.FileOf(name);
            Assert.Equal(TensorType.BF16, weights.Info(name).Type);
            Assert.Equal(shape, weights.Info(name).Shape);
            ushort[] values = MemoryMarshal.Cast<byte, ushort>(weights.Bytes(name)).ToArray();
            Assert.Equal(values.Select((_, i) => Bfloat16.Round(SavedRun.ValueOf(name, i))), values);
        }
        Assert.Contains("\"torch_dtype\": \"bfloat16\"", File.ReadAllText(run["model/config.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_there_already_stays()
    {
        string saved = run.Save(7);
        Directory.CreateDirectory(run["model"]);
        File.WriteAllText(run["model/notes"], "mine");
        Assert.Contains("the folder is not empty", Assert.Throws<CheckpointException>(() => Export(saved, TensorType.F32)).Found, StringComparison.Ordinal);
        Assert.Equal(["notes"], Directory.GetFiles(run["model"]).Select(Path.GetFileName));
        File.Delete(run["model/notes"]);
        Export(saved, TensorType.F32);
        Assert.True(File.Exists(run["model/model.safetensors"]));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_leaves_nothing()
    {
        string saved = run.Save(7);
        File.WriteAllText(run["file"], "");
        var refused = Assert.Throws<CheckpointException>(() => ModelExport.Write(saved, CheckpointVerification.Verify(saved), run["file/model"], TensorType.F32, run["none"]));
        Assert.Contains("the model was not written", refused.Found, StringComparison.Ordinal);
        Assert.Equal(["file", "run"], Directory.GetFileSystemEntries(run[""]).Select(Path.GetFileName).Order());
    }

    private void Export(string checkpoint, TensorType type)
    {
        Directory.CreateDirectory(run["tokenizer"]);
        File.WriteAllText(run["tokenizer/tokenizer.json"], "pieces");
        ModelExport.Write(checkpoint, CheckpointVerification.Verify(checkpoint), run["model"], type, run["tokenizer"]);
    }
}
