using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>Whatever happens to the files of a data set: reading it all ends in an error that names the file, or gives the tokens that were written.</summary>
public sealed class HostileDatasetTests
{
    private const int Flips = 500;

    [Fact]
    public void A_flipped_bit_in_the_manifest_is_refused_or_changes_no_token()
    {
        using var folder = new TemporaryFolder();
        var expected = Build(folder);
        var path = folder[$"set/{DatasetManifest.FileName}"];
        var bytes = File.ReadAllBytes(path);
        var (random, refused) = (new Random(1), 0);
        for (var i = 0; i < Flips; i++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            if (Try(folder["set"]) is { } content) Assert.Equal(expected, content);
            else refused++;
        }
        Assert.InRange(refused, Flips / 2, Flips);
    }

    // Each of them was a crash or could be one: sums that overflow, and nulls where no null can be.
    [Theory]
    [InlineData("\"tokens\": 9223372036854775807")]
    [InlineData("\"documents\": 9223372036854775807")]
    [InlineData("\"bytes\": 9223372036854775807")]
    [InlineData("\"fileBytes\": -1")]
    [InlineData("\"vocabSize\": -1")]
    [InlineData("\"shards\": [null]")]
    [InlineData("\"shards\": null")]
    [InlineData("\"checksums\": null")]
    [InlineData("\"checksums\": \"AAAA\"")]
    [InlineData("\"sha256\": null")]
    [InlineData("\"sources\": [null]")]
    [InlineData("\"lengths\": 1")]
    [InlineData("\"eosToken\": 3")]
    public void A_value_that_cannot_be_is_refused_or_changes_no_token(string member)
    {
        using var folder = new TemporaryFolder();
        var expected = Build(folder);
        var path = folder[$"set/{DatasetManifest.FileName}"];
        var manifest = File.ReadAllText(path);
        var pattern = new System.Text.RegularExpressions.Regex($"{member[..(member.IndexOf(':', StringComparison.Ordinal) + 1)]} ({{[^}}]*}}|\\[[^]]*]|[^,\\n]*)");
        Assert.Matches(pattern, manifest);
        foreach (System.Text.RegularExpressions.Match match in pattern.Matches(manifest))
        {
            // Also with a fingerprint that belongs to it, as one who edits the file would write.
            var damaged = manifest[..match.Index] + member + manifest[(match.Index + match.Length)..];
            foreach (var text in new[] { damaged, WithFingerprint(damaged) })
            {
                File.WriteAllText(path, text);
                if (Try(folder["set"]) is { } content) Assert.Equal(expected, content);
            }
        }
    }

    [Theory]
    [InlineData("train-00001.parquet")]
    [InlineData("lengths/train-00001.parquet")]
    public void A_file_that_is_not_what_it_was_is_refused_by_name(string file)
    {
        using var folder = new TemporaryFolder();
        Build(folder);
        var path = folder[$"set/{file}"];
        var bytes = File.ReadAllBytes(path);
        var random = new Random(2);

        Refuse("there is no such file", () => File.Delete(path));
        Refuse("it has 0 bytes", () => File.WriteAllBytes(path, []));
        Refuse($"it has {bytes.Length - 1} bytes", () => File.WriteAllBytes(path, bytes[..^1]));
        Refuse("there is no such file", () => Directory.CreateDirectory(path));
        Directory.Delete(path);
        Refuse("it cannot be read", () => File.CreateSymbolicLink(path, path));
        File.Delete(path);
        Refuse("do not match their checksum", () => File.WriteAllBytes(path, new byte[bytes.Length]));
        for (var i = 0; i < 60; i++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Refuse("do not match their checksum", () => File.WriteAllBytes(path, damaged));
        }
        File.WriteAllBytes(path, bytes);
        Assert.NotNull(Try(folder["set"]));

        void Refuse(string found, Action damage)
        {
            if (File.Exists(path)) File.Delete(path);
            damage();
            using var set = TokenDataset.Open(folder["set"]);
            var error = Assert.Throws<DataException>(() => Content(set));
            Assert.StartsWith(path, error.Where, StringComparison.Ordinal);
            Assert.Contains(found, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_shard_that_is_cut_while_it_is_open_is_refused_with_its_row_group()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 3000);
        var tokens = new int[1];
        set.Train.Read(0, tokens);   // the file is open from here on, its first row group decoded
        var shard = folder["set/train-00000.parquet"];
        using (var file = new FileStream(shard, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(CheckedFile.BlockBytes / 2);
        set.Train.Read(100, tokens);
        var error = Assert.Throws<DataException>(() => set.Train.Read(ColumnFormat.RowGroupValues, tokens));
        Assert.Equal($"{shard} row group 1", error.Where);
        Assert.Contains("the file ends before byte ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lengths_that_do_not_add_up_to_their_shard_are_refused()
    {
        using var folder = new TemporaryFolder();
        using (var set = Samples.Build(folder, count: 20)) Assert.Equal(set.Train.Documents, set.Train.ReadLengths(0).Length);
        var path = folder[$"set/{DatasetManifest.FileName}"];
        var manifest = DatasetManifest.Read(folder["set"]);
        var shard = manifest.Train.Shards[0];
        var lengths = folder["other"];
        using (var writer = new ColumnWriter(lengths, "lengths/train-00000.parquet", ColumnFormat.Lengths))
        {
            writer.Append([.. Enumerable.Repeat(1, (int)shard.Documents)]);
            shard = shard with { Lengths = writer.Finish() };
        }
        File.Copy(Path.Combine(lengths, "lengths/train-00000.parquet"), folder["set/lengths/train-00000.parquet"], overwrite: true);
        (manifest with { Train = manifest.Train with { Shards = [shard] } }).Write(folder["set"]);
        using var changed = TokenDataset.Open(folder["set"]);
        var error = Assert.Throws<DataException>(() => changed.Train.ReadLengths(0));
        Assert.Contains($"the lengths add up to {shard.Documents}", error.Message, StringComparison.Ordinal);
    }

    private static string Build(TemporaryFolder folder)
    {
        using var set = Samples.Build(folder, count: 100, shardTokens: 2048);
        Assert.True(set.Train.Shards > 2);
        return Content(set);
    }

    private static string? Try(string folder)
    {
        try
        {
            using var set = TokenDataset.Open(folder);
            return Content(set);
        }
        catch (DataException e)
        {
            Assert.StartsWith(folder, e.Where, StringComparison.Ordinal);
            return null;
        }
    }

    // Documents where their lengths are known, as a run with best-fit packing reads them; and all tokens.
    private static string Content(TokenDataset set) => string.Join('\n', new[] { set.Train, set.Validation }.Select(split =>
        string.Join(' ', split.ReadAll()) + string.Join(' ', split.ReadDocuments(0, split.Documents).Select(document => document.Tokens.Length))));

    private static string WithFingerprint(string manifest)
    {
        try
        {
            var read = System.Text.Json.JsonSerializer.Deserialize<DatasetManifest>(manifest, IndentedJson.Options)!;
            return manifest.Replace(read.Fingerprint, read.ComputeFingerprint(), StringComparison.Ordinal);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or NullReferenceException)
        {
            return manifest;
        }
    }
}
