using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SparkTrain.Distributed;
using SparkTrain.Native;

namespace SparkTrain.Trainer.Tests;

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
        var store = new CheckpointStore(folder["checkpoints"], keepLast: 2);
        foreach (long step in (long[])[5, 10, 200]) Save(store, step);
        Assert.Equal(["step-00000200", "step-00000010"], store.Complete().Select(Path.GetFileName));
        Assert.Equal(200, CheckpointStore.Verify(store.Complete()[0]).Progress.Step);
    }

    [Fact]
    public void A_folder_without_its_end_mark_or_still_being_built_is_no_checkpoint()
    {
        var store = new CheckpointStore(folder["checkpoints"], keepLast: 2);
        string saved = Save(store, 7);
        File.Delete(Path.Combine(saved, "COMPLETE"));
        Directory.CreateDirectory(Path.Combine(store.Folder, ".tmp-step-00000009"));
        Assert.Empty(store.Complete());
    }

    [Fact]
    public void One_changed_byte_is_found()
    {
        string saved = Save(new CheckpointStore(folder["checkpoints"], 2), 7);
        string shard = Path.Combine(saved, "rank-00000-of-00001.safetensors");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);
        Assert.Contains("other bytes than were written", Assert.Throws<CheckpointException>(() => CheckpointStore.Verify(saved)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(shard, bytes[..^1]);
        Assert.Contains($"has {bytes.Length - 1} bytes instead of {bytes.Length}", Assert.Throws<CheckpointException>(() => CheckpointStore.Verify(saved)).Message, StringComparison.Ordinal);
        File.Delete(shard);
        Assert.Contains("is missing", Assert.Throws<CheckpointException>(() => CheckpointStore.Verify(saved)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_a_newer_format_or_none_at_all_is_refused()
    {
        string saved = Save(new CheckpointStore(folder["checkpoints"], 2), 7), manifest = Path.Combine(saved, "manifest.json");
        string text = File.ReadAllText(manifest);
        File.WriteAllText(manifest, text.Replace("\"format_version\": 2", "\"format_version\": 3", StringComparison.Ordinal));
        Assert.Contains("has format 3.\n  expected: format 2", Assert.Throws<CheckpointException>(() => CheckpointStore.Verify(saved)).Message, StringComparison.Ordinal);
        File.WriteAllText(manifest, text[..(text.Length / 2)]);
        Assert.Throws<CheckpointException>(() => CheckpointStore.Verify(saved));
        File.Delete(manifest);
        Assert.Throws<CheckpointException>(() => CheckpointStore.Verify(saved));
    }

    [Fact]
    public void The_manifest_gives_each_tensors_place_in_a_file_that_any_reader_opens()
    {
        string saved = Save(new CheckpointStore(folder["checkpoints"], 2), 7);
        var place = CheckpointManifest.Read(saved).Tensors["w"].Single();
        byte[] bytes = File.ReadAllBytes(Path.Combine(saved, place.File));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => (float)i), MemoryMarshal.Cast<byte, float>(bytes.AsSpan((int)place.Offset, (int)place.Length)).ToArray());
    }

    [Fact]
    public void A_path_that_cannot_be_written_is_reported_and_leaves_nothing()
    {
        string file = folder["file"];
        File.WriteAllText(file, "");
        var e = Assert.Throws<CheckpointException>(() => Save(new CheckpointStore(file, 2), 7));
        Assert.Contains("was not saved", e.Message, StringComparison.Ordinal);
    }

    private string Save(CheckpointStore store, long step)
    {
        for (int i = 0; i < 6; i++) values[i] = i;
        return store.Save(new SingleProcess(), step, [(new TensorPiece("w", [2, 3], 0, 6), () => TensorMemory.Over(values, 2, 3))], (files, tensors) => new()
        {
            FormatVersion = 2, CodeVersion = "0", Progress = new(step, 0, 0, 0), WorldSize = 1, Seed = 1, DataFingerprint = "f", Config = new JsonObject(), Files = files, Tensors = tensors,
        });
    }
}
