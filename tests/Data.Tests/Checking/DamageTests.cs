using SparkTrain.Input;
using SparkTrain.Support;
using static SparkTrain.Data.Tests.Checking.HandMade;

namespace SparkTrain.Data.Tests.Checking;

/// <summary>Data sets that are not as they were written: each fault is found, named, and not taken for another one.</summary>
public sealed class DamageTests
{
    [Fact]
    public void A_changed_byte_names_the_row_groups_it_lies_in_and_the_others_are_still_read()
    {
        using var folder = new TemporaryFolder();
        int[][] documents = [.. Enumerable.Range(0, 10).Select(i => Document(Noise(60_000, i)))];
        var path = Write(folder, documents, [Document("v")]);
        var shard = Path.Combine(path, "train-00000.parquet");
        // 600,020 tokens are four row groups and a half of about 105 kB each; the second 128 KiB of the file hold parts of row groups 1 and 2.
        Flip(shard, 200_000);
        var report = DatasetCheck.Run(path, new DocumentHashes());
        Assert.True(report.IsDamaged);
        Assert.Equal([($"{shard} row group 1", true), ($"{shard} row group 2", true), (shard, true)], report.Problems.Select(p => (p.Where, p.IsDamage)));
        Assert.Contains("do not match their checksum", report.Problems[0].Found, StringComparison.Ordinal);
        Assert.Matches(@"^its SHA-256 is [0-9a-f]{12}…, not [0-9a-f]{12}… as it was written$", report.Problems[2].Found);
        Assert.Contains("copy the file again", report.Problems[0].Do, StringComparison.Ordinal);
        // They hold the tokens 131,072 to 393,215, and so parts of the documents 2 (from 120,004 on) to 6 (up to 420,013).
        Assert.Equal((3, 600_020 - (2 * 131_072), 5), (report.Splits[0].RowGroups, report.Splits[0].Tokens, report.Splits[0].Documents));
        Assert.Equal([$"{shard}: documents in and beside damaged row groups, and how many there are"], report.NotChecked);
    }

    [Fact]
    public void A_changed_byte_of_a_footer_leaves_the_shard_unread_and_the_rest_is_checked()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one"), Document("two")], [Document("three")], shardTokens: 5);
        var shard = Path.Combine(path, "train-00000.parquet");
        Flip(shard, -20);
        var report = DatasetCheck.Run(path, new DocumentHashes());
        Assert.Equal([$"{shard} footer", shard], report.Problems.Select(p => p.Where));
        Assert.Equal([$"{shard}: its tokens and documents"], report.NotChecked);
        Assert.Equal((2, 1L, 5L, 1L), (report.Splits[0].Shards, report.Splits[0].Documents, report.Splits[0].Tokens, report.Splits[1].Documents));
    }

    [Fact]
    public void A_changed_byte_in_a_file_of_lengths_is_found()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one"), Document("two")], [Document("three")]);
        var file = Path.Combine(path, "lengths", "train-00000.parquet");
        Flip(file, 30);
        var report = DatasetCheck.Run(path, new DocumentHashes());
        Assert.Equal([file + " footer", file], report.Problems.Select(p => p.Where));   // the file is one block of checksums, read with its footer
        Assert.Equal(2, report.Splits[0].Documents);
    }

    [Fact]
    public void A_file_that_is_missing_or_cut_off_is_told_once()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one")], [Document("two")]);
        File.Delete(Path.Combine(path, "train-00000.parquet"));
        File.Delete(Path.Combine(path, "lengths/validation-00000.parquet"));
        var report = DatasetCheck.Run(path, new DocumentHashes());
        Assert.Equal(["there is no such file", "there is no such file"], report.Problems.Select(p => p.Found));
        Assert.Equal((0L, 1L), (report.Splits[0].Documents, report.Splits[1].Documents));
        // A folder in the place of a file cannot be read either.
        Directory.CreateDirectory(Path.Combine(path, "train-00000.parquet"));
        Assert.True(DatasetCheck.Run(path, null).IsDamaged);
    }

    [Fact]
    public void Counts_that_were_edited_with_their_fingerprint_are_found()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one"), Document("two")], [Document("three"), Document("five")]);
        Edit(path, json =>
        {
            foreach (var counts in new[] { json["train"]!, json["train"]!["shards"]![0]! }) counts["documents"] = 3;
            foreach (var counts in new[] { json["validation"]!, json["validation"]!["shards"]![0]! }) counts["bytes"] = 8;
        });
        var (shard, lengths, other) = (Path.Combine(path, "train-00000.parquet"), Path.Combine(path, "lengths", "train-00000.parquet"), Path.Combine(path, "validation-00000.parquet"));
        var report = DatasetCheck.Run(path, new DocumentHashes());
        Assert.Equal([
            ($"{lengths} row group 0", "it holds 2 values", true), (shard, "it holds 2 documents, dataset.json says 3", true),
            (other, "its tokens stand for 9 bytes of text, dataset.json says 8", false),
        ], report.Problems.Select(p => (p.Where, p.Found, p.IsDamage)));
    }

    [Fact]
    public void A_tokenizer_that_dataset_json_describes_wrongly_is_found()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one")], [Document("two")]);
        Edit(path, json => json["tokenizer"]!["vocabSize"] = 300);
        Assert.Equal("it says 300 ids, begin token 256, end token 257; its tokenizer has 258, 256, 257", Assert.Single(DatasetCheck.Run(path, null).Problems).Found);
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_found()
    {
        using var folder = new TemporaryFolder();
        var report = DatasetCheck.Run(Write(folder, [Document("one"), [Bos, 258, Eos]], [Document("two")]), new DocumentHashes());
        Assert.Equal("token 6 is 258", Assert.Single(report.Problems).Found);
    }

    [Fact]
    public void Documents_without_begin_or_end_or_with_a_begin_inside_are_told_by_number()
    {
        using var folder = new TemporaryFolder();
        int[][] train = [Document("fine"), [65, 66, Eos], [Bos, 65, Bos, 66, Eos], Document("fine again"), [Bos, 65, 66]];
        var report = DatasetCheck.Run(Write(folder, train, [Document("v")], shardTokens: 14), new DocumentHashes());
        Assert.Equal([
            ("train-00000.parquet document 1", "it does not begin with the begin token"),
            ("train-00000.parquet document 2", "a begin token stands inside it"),
            ("train-00001.parquet", "its last 3 tokens belong to a document without an end token"),
            ("train-00001.parquet", "it holds 1 documents, dataset.json says 2"),
        ], report.Problems.Where(p => p.IsDamage).Select(p => (p.Where[(folder["set"].Length + 1)..], p.Found)));
    }

    [Fact]
    public void Many_problems_of_one_kind_are_summed_up()
    {
        using var folder = new TemporaryFolder();
        var report = DatasetCheck.Run(Write(folder, [Document("fine"), .. Enumerable.Range(65, 20).Select(letter => new[] { letter, Eos })], [Document("v")]), new DocumentHashes());
        Assert.Equal(6, report.Problems.Count);
        Assert.Equal("15 more documents without a begin token", report.Problems[^1].Found);
    }

    [Fact]
    public void Lengths_that_are_not_those_of_the_documents_are_found()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one"), Document("three")], [Document("v")]);
        // As many lengths with the same sum, in a whole file: 7 and 5 in place of 5 and 7.
        var swapped = Write(folder, [Document("three"), Document("one")], [Document("v")], "swapped");
        File.Copy(Path.Combine(swapped, "lengths", "train-00000.parquet"), Path.Combine(path, "lengths", "train-00000.parquet"), overwrite: true);
        var entry = DatasetManifest.Read(swapped).Train.Shards[0].Lengths!;
        Edit(path, json => json["train"]!["shards"]![0]!["lengths"] = System.Text.Json.JsonSerializer.SerializeToNode(entry, IndentedJson.Options));
        Assert.Equal(["it has 5 tokens, lengths/train-00000.parquet says 7", "it has 7 tokens, lengths/train-00000.parquet says 5"], DatasetCheck.Run(path, null).Problems.Select(p => p.Found));
    }

    [Fact]
    public void A_set_without_lengths_is_good_and_says_what_was_not_compared()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, [Document("one")], [Document("two")]);
        Edit(path, json =>
        {
            foreach (var split in new[] { "train", "validation" }) ((System.Text.Json.Nodes.JsonObject)json[split]!["shards"]![0]!).Remove("lengths");
        });
        Directory.Delete(Path.Combine(path, "lengths"), recursive: true);
        var report = DatasetCheck.Run(path, new DocumentHashes());
        Assert.Empty(report.Problems);
        Assert.Equal(["train-00000.parquet", "validation-00000.parquet"], report.NotChecked.Select(what => Path.GetFileName(what.Split(':')[0])));
    }

    [Fact]
    public void A_folder_that_cannot_be_opened_is_one_problem()
    {
        using var folder = new TemporaryFolder();
        var report = DatasetCheck.Run(folder["nowhere"], new DocumentHashes());
        Assert.Equal((folder["nowhere"], "there is no such folder", true), Assert.Single(report.Problems.Select(p => (p.Where, p.Found, p.IsDamage))));
        Assert.Empty(report.Splits);
        Assert.Equal([$"{folder["nowhere"]}: everything in it"], report.NotChecked);
    }
}
