using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Checkpoints.Tests;

/// <summary>Whatever happens to the bytes of a checkpoint is found and named; nothing crashes, and no wrong tensor comes out.</summary>
public sealed unsafe class DamageTests : IDisposable
{
    private const string Shard = "rank-00001-of-00002.safetensors";

    private readonly SavedRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public void Any_flipped_bit_in_any_file_is_found()
    {
        string saved = run.Save(7);
        (string Path, byte[] Bytes)[] files = [.. Directory.GetFiles(saved).Order().Select(path => (path, File.ReadAllBytes(path)))];
        Assert.Equal(4, files.Length);
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Double[0, 1], Gen.Int[0, 7]).Sample((file, where, bit) =>
        {
            var (path, bytes) = files[file];
            File.WriteAllBytes(path, Flipped(bytes, where, bit));
            bool found = CheckpointVerification.Problems(saved) is [var problem] && problem.Message.Contains(saved, StringComparison.Ordinal);
            Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved));
            File.WriteAllBytes(path, bytes);
            return found && CheckpointVerification.Problems(saved).Count == 0;
        }, iter: 400, threads: 1);
    }

    [Fact]
    public void A_manifest_with_a_flipped_bit_and_a_mark_that_fits_is_refused_or_gives_the_same_weights()
    {
        string saved = run.Save(7);
        byte[] manifest = File.ReadAllBytes(Path.Combine(saved, "manifest.json"));
        Gen.Select(Gen.Double[0, 1], Gen.Int[0, 7]).Sample((where, bit) =>
        {
            SavedRun.Rewrite(saved, Flipped(manifest, where, bit));
            return WeightsAreRightOrRefused(saved, () => CheckpointVerification.Verify(saved));
        }, iter: 400, threads: 1);
    }

    [Fact]
    public void A_shard_header_with_a_flipped_bit_whose_hash_nobody_looked_at_is_refused_or_gives_the_same_weights()
    {
        string saved = run.Save(7), shard = Path.Combine(saved, Shard);
        var manifest = CheckpointManifest.Read(saved);
        byte[] bytes = File.ReadAllBytes(shard);
        double header = (double)SafetensorsHeader.Read(shard).DataStart / bytes.Length;
        Gen.Select(Gen.Double[0, 1], Gen.Int[0, 7]).Sample((where, bit) =>
        {
            File.WriteAllBytes(shard, Flipped(bytes, where * header, bit));
            return WeightsAreRightOrRefused(saved, () => manifest);
        }, iter: 400, threads: 1);
    }

    [Theory]
    [InlineData(Shard, 0.0)]
    [InlineData(Shard, 0.01)]
    [InlineData(Shard, 0.5)]
    [InlineData(Shard, 0.999)]
    [InlineData("manifest.json", 0.0)]
    [InlineData("manifest.json", 0.5)]
    [InlineData("manifest.json", 0.999)]
    [InlineData("COMPLETE", 0.0)]
    [InlineData("COMPLETE", 0.5)]
    [InlineData(Shard, null)]
    [InlineData("manifest.json", null)]
    [InlineData("COMPLETE", null)]
    [InlineData(Shard, 1.5)]
    [InlineData("manifest.json", 1.5)]
    [InlineData("COMPLETE", 1.5)]
    public void A_file_that_is_cut_off_missing_or_longer_is_named(string file, double? share)
    {
        string saved = run.Save(7), path = Path.Combine(saved, file);
        byte[] bytes = File.ReadAllBytes(path);
        if (share is not { } part) File.Delete(path);
        else if (part > 1) File.WriteAllBytes(path, [.. bytes, .. Encoding.ASCII.GetBytes("  \n")]);
        else File.WriteAllBytes(path, bytes[..(int)(part * bytes.Length)]);
        var problem = Assert.Single(CheckpointVerification.Problems(saved));
        Assert.True(problem.Where == path || file == "manifest.json" && problem.Where == Path.Combine(saved, "COMPLETE"), problem.Message);
        Assert.Contains("\n  expected: ", problem.Message, StringComparison.Ordinal);
        Assert.Contains("\n  do: ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_files_that_changed_are_listed()
    {
        string saved = run.Save(7, worldSize: 3);
        File.Delete(Path.Combine(saved, CheckpointManifest.ShardName(0, 3)));
        File.AppendAllText(Path.Combine(saved, CheckpointManifest.ShardName(2, 3)), "x");
        Assert.Equal(["the file is missing", $"the file has {new FileInfo(Path.Combine(saved, CheckpointManifest.ShardName(2, 3))).Length} bytes instead of {CheckpointManifest.Read(saved).Files[CheckpointManifest.ShardName(2, 3)].Bytes}"],
            CheckpointVerification.Problems(saved).Select(problem => problem.Found));
    }

    [Fact]
    public void A_changed_digit_of_the_data_cursor_is_found()
    {
        string saved = run.Save(7), path = Path.Combine(saved, "manifest.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"next_sample\": 35", "\"next_sample\": 36", StringComparison.Ordinal));
        Assert.Equal(36, CheckpointManifest.Read(saved).Progress.NextSample);
        Assert.Contains("has other bytes than were written", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Format_2_whose_mark_is_empty_is_still_read_and_format_3_with_such_a_mark_is_not()
    {
        foreach (int format in (int[])[2, 3])
        {
            string saved = run.Save(format, format: format);
            File.WriteAllBytes(Path.Combine(saved, "COMPLETE"), []);
            Assert.Equal(format == 2 ? 0 : 1, CheckpointVerification.Problems(saved).Count);
        }
    }

    [Theory]
    [InlineData("format_version", "4", "has format 4")]
    [InlineData("format_version", "1", "has format 1")]
    [InlineData("format_version", "\"3\"", "requires an element of type 'Number'")]
    [InlineData("format_version", "3e10", "format_version")]
    [InlineData("format_version", null, "format_version")]
    [InlineData("progress.next_sample", "-1", "below zero")]
    [InlineData("progress.seconds", "-0.5", "below zero")]
    [InlineData("progress.step", null, "missing")]
    [InlineData("progress", "null", "progress")]
    [InlineData("world_size", "0", "2 files for 0 ranks")]
    [InlineData("world_size", "2000000000", "2 files for 2000000000 ranks")]
    [InlineData("config", "null", "config")]
    [InlineData("config", "[]", "config")]
    [InlineData("files." + Shard + ".bytes", "-8", "-8 bytes")]
    [InlineData("files." + Shard + ".sha256", "\"abc\"", "has no SHA-256")]
    [InlineData("files." + Shard + ".sha256", "null", "sha256")]
    [InlineData("files." + Shard, "null", "no " + Shard)]
    [InlineData("files." + Shard, null, "1 files for 2 ranks")]
    [InlineData("files.extra", "{\"bytes\": 1, \"sha256\": \"\"}", "3 files for 2 ranks")]
    [InlineData("tensors", "null", "tensors")]
    [InlineData("tensors.w", "null", "w has no pieces")]
    [InlineData("tensors.w", "[]", "w has no pieces")]
    [InlineData("tensors.w", "[null]", "lies in no file")]
    [InlineData("tensors.w", "[{\"file\": null, \"offset\": 8, \"length\": 4, \"first\": 0}]", "file")]
    [InlineData("tensors.w", "[{\"file\": \"../../x\", \"offset\": 8, \"length\": 4, \"first\": 0}]", "lies in ../../x, which is none of its files")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": -8, \"length\": 4, \"first\": 0}]", "4 bytes at -8")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": -4, \"first\": 0}]", "-4 bytes at 8")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 0, \"first\": 0}]", "0 bytes at 8")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 6, \"first\": 0}]", "6 bytes at 8")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 4000000, \"first\": 0}]", "4000000 bytes at 8")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 9223372036854775807, \"length\": 8, \"first\": 0}]", "8 bytes at 9223372036854775807")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 8, \"first\": 1}]", "begins with element 1 and not with 0")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 8, \"first\": 0}, {\"file\": \"" + Shard + "\", \"offset\": 16, \"length\": 8, \"first\": 3}]", "begins with element 3 and not with 2")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 8, \"first\": 0}, {\"file\": \"" + Shard + "\", \"offset\": 16, \"length\": 8, \"first\": 1}]", "begins with element 1 and not with 2")]
    [InlineData("tensors.w", "[{\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 8, \"first\": 0}, {\"file\": \"" + Shard + "\", \"offset\": 8, \"length\": 8, \"first\": 0}]", "begins with element 0 and not with 2")]
    public void A_manifest_that_makes_no_sense_is_refused_even_where_its_mark_fits(string key, string? value, string found)
    {
        string saved = run.Save(7), path = Path.Combine(saved, "manifest.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        var section = json;
        // A shard's name has a dot of its own.
        string[] keys = [.. key.Replace(".safetensors", "/safetensors", StringComparison.Ordinal).Split('.').Select(part => part.Replace('/', '.'))];
        foreach (string part in keys[..^1]) section = section[part]!.AsObject();
        if (value is null) section.Remove(keys[^1]);
        else section[keys[^1]] = JsonNode.Parse(value);
        SavedRun.Rewrite(saved, Encoding.UTF8.GetBytes(json.ToJsonString()));
        var refused = Assert.Throws<CheckpointException>(() => CheckpointManifest.Read(saved));
        Assert.Equal(path, refused.Where);
        Assert.Contains(found, refused.Found, StringComparison.Ordinal);
        Assert.Single(CheckpointVerification.Problems(saved));
    }

    [Theory]
    [InlineData("../../run")]
    [InlineData("/etc/hostname")]
    [InlineData("manifest.json")]
    [InlineData("rank-00001-of-00003.safetensors")]
    public void No_other_file_than_the_shards_of_the_ranks_is_read(string name)
    {
        string saved = run.Save(7), text = File.ReadAllText(Path.Combine(saved, "manifest.json"));
        SavedRun.Rewrite(saved, Encoding.UTF8.GetBytes(text.Replace(Shard, name, StringComparison.Ordinal)));
        Assert.Contains($"but no {Shard}", Assert.Throws<CheckpointException>(() => CheckpointVerification.Verify(saved)).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_stands_twice_is_refused()
    {
        string saved = run.Save(7), text = File.ReadAllText(Path.Combine(saved, "manifest.json"));
        foreach (string key in (string[])["\"world_size\": 2,", "\"next_sample\": 35,", "\"VocabSize\": 5,"])
        {
            Assert.Contains(key, text, StringComparison.Ordinal);
            SavedRun.Rewrite(saved, Encoding.UTF8.GetBytes(text.Replace(key, key + key, StringComparison.Ordinal)));
            Assert.Throws<CheckpointException>(() => CheckpointManifest.Read(saved));
        }
    }

    [Fact]
    public void Places_that_lead_to_another_tensor_are_refused()
    {
        string saved = run.Save(7, worldSize: 1), text = File.ReadAllText(Path.Combine(saved, "manifest.json"));
        var manifest = JsonNode.Parse(text)!;
        // Two weights of one size, each with the other's place.
        var (norm, other) = (manifest["tensors"]!["model.norm.weight"]!.DeepClone(), manifest["tensors"]!["model.layers.0.input_layernorm.weight"]!.DeepClone());
        (manifest["tensors"]!["model.norm.weight"], manifest["tensors"]!["model.layers.0.input_layernorm.weight"]) = (other, norm);
        SavedRun.Rewrite(saved, Encoding.UTF8.GetBytes(manifest.ToJsonString()));
        var read = CheckpointVerification.Verify(saved);
        using var weights = new SavedWeights(saved, read);
        var refused = Assert.Throws<CheckpointException>(() => ModelExport.Write(weights, run["out"], TensorType.F32, 1 << 20, []));
        Assert.Contains("where the manifest places it", refused.Found, StringComparison.Ordinal);
        Assert.Equal(["run"], Directory.GetFileSystemEntries(run[""]).Select(Path.GetFileName));
    }

    private static byte[] Flipped(byte[] bytes, double where, int bit)
    {
        byte[] flipped = [.. bytes];
        flipped[Math.Min((int)(where * bytes.Length), bytes.Length - 1)] ^= (byte)(1 << bit);
        return flipped;
    }

    private static bool WeightsAreRightOrRefused(string checkpoint, Func<CheckpointManifest> read)
    {
        try
        {
            var manifest = read();
            using var saved = new CheckpointReader(checkpoint, manifest);
            foreach (var (name, shape) in WeightSlots.Of(SavedModel.Config(checkpoint, manifest)))
            {
                var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
                fixed (float* target = values) saved.CopyTo(new(name, shape, 0, values.Length), target);
                if (values.Index().Any(value => value.Item != SavedRun.ValueOf(name, value.Index))) return false;
            }
            return true;
        }
        catch (CheckpointException)
        {
            return true;
        }
    }
}
