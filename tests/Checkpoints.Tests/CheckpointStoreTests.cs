using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Checkpoints.Tests;

public sealed unsafe class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly float* values = (float*)NativeMemory.AllocZeroed(64, sizeof(float));

    public void Dispose()
    {
        NativeMemory.Free(values);
        folder.Dispose();
    }

    [Fact]
    public void Keeps_the_newest_and_names_them_by_step()
    {
        var store = new CheckpointStore(folder["checkpoints"]);
        foreach (long step in (long[])[5, 10, 123456789]) Save(store, step);
        store.Expire(new() { KeepLast = 2, KeepBest = 0 }, new Dictionary<long, double>());
        Assert.Equal(["step-123456789", "step-00000010"], store.Complete().Select(Path.GetFileName));
        Assert.Equal(123456789, CheckpointVerification.Verify(store.Complete()[0]).Progress.Step);
    }

    [Fact]
    public void A_folder_without_its_end_mark_or_still_being_built_is_no_checkpoint()
    {
        var store = new CheckpointStore(folder["checkpoints"]);
        string saved = Save(store, 7);
        File.Delete(Path.Combine(saved, "COMPLETE"));
        Directory.CreateDirectory(Path.Combine(store.Folder, ".tmp-step-00000009"));
        Assert.Empty(store.Complete());
    }

    [Fact]
    public void What_interrupted_saves_and_deletions_have_left_is_cleared_and_the_rest_stays()
    {
        var store = new CheckpointStore(folder["checkpoints"]);
        Save(store, 7);
        foreach (string left in (string[])[".tmp-step-00000009", ".tmp-step-00000009-replaced", ".tmp-step-00000005-expired"])
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(store.Folder, left)).FullName, "rank-00000-of-00001.safetensors"), "half");
        store.ClearUnfinished();
        Assert.Equal([store.PathOf(7)], Directory.GetDirectories(store.Folder));
        CheckpointVerification.Verify(store.PathOf(7));
    }

    [Fact]
    public void One_changed_byte_is_found()
    {
        string saved = Save(new CheckpointStore(folder["checkpoints"]), 7);
        string shard = Path.Combine(saved, "rank-00000-of-00001.safetensors");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);
        Assert.Contains("other bytes than were written", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(shard, bytes[..^1]);
        Assert.Contains($"has {bytes.Length - 1} bytes instead of {bytes.Length}", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved)).Message, StringComparison.Ordinal);
        File.Delete(shard);
        Assert.Contains("is missing", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_a_newer_format_or_none_at_all_is_refused()
    {
        string saved = Save(new CheckpointStore(folder["checkpoints"]), 7), manifest = Path.Combine(saved, "manifest.json");
        string text = File.ReadAllText(manifest);
        File.WriteAllText(manifest, text.Replace("\"format_version\": 3", "\"format_version\": 4", StringComparison.Ordinal));
        Assert.Contains("has format 4.\n  expected: format 2 to 3", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved)).Message, StringComparison.Ordinal);
        File.WriteAllText(manifest, text[..(text.Length / 2)]);
        Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved));
        File.Delete(manifest);
        Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved));
    }

    [Fact]
    public void The_manifest_gives_each_tensors_place_in_a_file_that_any_reader_opens()
    {
        string saved = Save(new CheckpointStore(folder["checkpoints"]), 7);
        var place = CheckpointManifest.Read(saved).Tensors["w"].Single();
        byte[] bytes = File.ReadAllBytes(Path.Combine(saved, place.File));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => (float)i), MemoryMarshal.Cast<byte, float>(bytes.AsSpan((int)place.Offset, (int)place.Length)).ToArray());
    }

    private string Save(CheckpointStore store, long step)
    {
        for (int i = 0; i < 6; i++) values[i] = i;
        string name = CheckpointManifest.ShardName(0, 1), file = Path.Combine(Directory.CreateDirectory(store.TemporaryOf(step)).FullName, name);
        string hash = SafetensorsWriter.Write(file, [(new TensorInfo("w", TensorType.F32, [2, 3]), () => (byte*)values)]);
        var files = new Dictionary<string, ShardFile> { [name] = new(new FileInfo(file).Length, hash) };
        store.Publish(step, files, tensors => new()
        {
            FormatVersion = CheckpointManifest.CurrentFormat, CodeVersion = "0", Progress = new(step, 0, 0, 0), WorldSize = 1, Seed = 1, DataFingerprint = "f", Config = new JsonObject(),
            Files = files, Tensors = tensors,
        });
        return store.PathOf(step);
    }
}
