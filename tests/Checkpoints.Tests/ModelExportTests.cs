using System.Runtime.InteropServices;
using SparkTrain.ModelFormat;
using SparkTrain.ModelFormat.Gguf;
using SparkTrain.Support;

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
        foreach (var (name, _) in WeightSlots.Of(SavedRun.Model))
        {
            float[] values = MemoryMarshal.Cast<byte, float>(model.FileOf(name).Bytes(name)).ToArray();
            Assert.Equal(values.Select((_, i) => SavedRun.ValueOf(name, i)), values);
        }
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(run["model"]).Select(Path.GetFileName).Order());
        Assert.Equal("pieces", File.ReadAllText(run["model/tokenizer.json"]));
    }

    [Fact]
    public void A_folder_that_is_named_with_a_slash_at_its_end_is_that_folder_and_nothing_is_left_beside_it()
    {
        ModelExport.Publish(run["made"] + "/", folder => File.WriteAllText(Path.Combine(folder, "file"), "text"));
        Assert.Equal(["file"], Directory.GetFileSystemEntries(run["made"]).Select(Path.GetFileName));
        DurableFolder.Publish(run["made"] + "/", folder => File.WriteAllText(Path.Combine(folder, "other"), "text"));
        Assert.Equal(["other"], Directory.GetFileSystemEntries(run["made"]).Select(Path.GetFileName));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(run[""]), path => Path.GetFileName(path).StartsWith(DurableFolder.TemporaryPrefix, StringComparison.Ordinal));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told()
    {
        Assert.Contains("the model was not written (", Assert.Throws<CheckpointException>(() => ModelExport.Publish("/proc/nothing/model", _ => { })).Message, StringComparison.Ordinal);
        Assert.Contains("No space left", Assert.Throws<CheckpointException>(() => ModelExport.Publish(run["model"], _ => throw new IOException("No space left on device"))).Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(run["model"]));
    }

    [Fact]
    public void Bf16_is_each_value_rounded()
    {
        Export(run.Save(7), TensorType.BF16);
        using var model = ModelFolder.Open(run["model"]);
        foreach (var (name, shape) in WeightSlots.Of(SavedRun.Model))
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
        var refused = Assert.Throws<CheckpointException>(() => Export(saved, TensorType.F32, "file/model"));
        Assert.Contains("the model was not written", refused.Found, StringComparison.Ordinal);
        Assert.Equal(["file", "run", "tokenizer"], Directory.GetFileSystemEntries(run[""]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Shards_hold_what_one_file_holds()
    {
        string saved = run.Save(7);
        Export(saved, TensorType.F32, "whole");
        // Bytes in order: 80 + 16, 64 + 32, 32 + 64, 16 + 16, 96, 96, 96, 16 + 16.
        Assert.Equal((8, 4L * WeightSlots.Of(SavedRun.Model).Sum(weight => weight.Shape.Aggregate(1L, (a, b) => a * b))), Export(saved, TensorType.F32, "shards", maxShardBytes: 100));
        using var whole = ModelFolder.Open(run["whole"]);
        using var shards = ModelFolder.Open(run["shards"]);
        foreach (var (name, _) in WeightSlots.Of(SavedRun.Model)) Assert.Equal(whole.FileOf(name).Bytes(name), shards.FileOf(name).Bytes(name));
        string[] files = [.. Directory.GetFiles(run["shards"], "*.safetensors").Select(file => Path.GetFileName(file)!).Order()];
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"model-{i:D5}-of-00008.safetensors"), files);
        Assert.All(files, file => Assert.True(SafetensorsHeader.Read(run[$"shards/{file}"]).Tensors.Values.Sum(tensor => tensor.Info.ByteLength) <= 100));
    }

    [Fact]
    public void A_model_that_llama_cpp_runs_becomes_one_file_or_none()
    {
        string saved = run.Save(7);
        using var weights = new SavedWeights(saved, CheckpointVerification.Verify(saved));
        File.WriteAllText(run["tokenizer.json"], """{"model":{"vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}""");
        var tokenizer = GgufTokenizer.Read(run["tokenizer.json"], 5, null, 0);
        long bytes = ModelExport.WriteGguf(weights, run["a.gguf"], "a", TensorType.F32, tokenizer);
        Assert.Equal(bytes, new FileInfo(run["a.gguf"]).Length);
        Assert.Contains("it is there already", Assert.Throws<CheckpointException>(() => ModelExport.WriteGguf(weights, run["a.gguf"], "a", TensorType.F32, tokenizer)).Found, StringComparison.Ordinal);
        Assert.Contains("it is a folder", Assert.Throws<CheckpointException>(() => ModelExport.WriteGguf(weights, run["run"], "a", TensorType.F32, tokenizer)).Found, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => ModelExport.WriteGguf(weights, run["a.gguf/b.gguf"], "b", TensorType.F32, tokenizer));
        Assert.Equal(["a.gguf", "run", "tokenizer.json"], Directory.GetFileSystemEntries(run[""]).Select(Path.GetFileName).Order());
    }

    private (int Files, long Bytes) Export(string checkpoint, TensorType type, string output = "model", long maxShardBytes = 1 << 20)
    {
        Directory.CreateDirectory(run["tokenizer"]);
        File.WriteAllText(run["tokenizer/tokenizer.json"], "pieces");
        using var weights = new SavedWeights(checkpoint, CheckpointVerification.Verify(checkpoint));
        return ModelExport.Write(weights, run[output], type, maxShardBytes,
            [new("config.json", HuggingFaceConfig.Write(weights.Config, type)), new("tokenizer.json", CopyOf: run["tokenizer/tokenizer.json"])]);
    }
}
