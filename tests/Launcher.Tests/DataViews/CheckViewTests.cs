using System.Text.Json;
using SparkTrain.Data;
using SparkTrain.Launcher.DataViews;

namespace SparkTrain.Launcher.Tests.DataViews;

public sealed class CheckViewTests
{
    private static readonly DatasetReport Good = new("data/a", new TokenizerIdentity("bpe-4096", "h1", 4096, 4094, 4095),
        [new("train", 2, 9, 1_024, 131_072, 1_100_000, 2_000, 4_400_000, 3, 411, 9_000, 0, 1), new("validation", 1, 1, 20_000, 20_000, 20_000, 40, 70_000, 5, 400, 1_500, 0, null)],
        [new("data/a split 'train'", "1 document is a copy of an earlier one; the first is document 7", "leave it out", IsDamage: false)], []);

    private static readonly DatasetReport Bad = new("data/b", new TokenizerIdentity("byte", "h2", 258, 256, 257), [],
        [new("data/b/train-00000.parquet row group 3", "bytes 4 to 5 \e[2J do not match", "copy it again", IsDamage: true), new("data/b/lengths/train-00000.parquet", "there is no such file", "copy it again", IsDamage: true)],
        ["data/b/train-00000.parquet: its documents"]);

    [Fact]
    public void A_report_fits_into_80_columns_and_says_what_to_do_once()
    {
        var output = new StringWriter { NewLine = "\n" };
        var result = new CheckResult([Good, Bad], [new("data/b", "validation", "data/a", "train", 3, 12)], ["data/b/train-00000.parquet: its documents"]);
        CheckView.Write(result, 12_345_678, TimeSpan.FromSeconds(0.5), new Terminal(_ => null, isOutputRedirected: true, output, TextWriter.Null));
        Assert.Equal(
            """
            data/a | bpe-4096 with 4,096 ids
                                                     train          validation
              documents                              2,000                  40
              tokens                             1,100,000              20,000
              bytes of text a token                   4.00                3.50
              shortest document                          3                   5
              median document                          411                 400
              longest document                       9,000               1,500
              documents without text                     0                   0
              copies of documents                        1         not checked
              shards                                     2                   1
              row groups                                 9                   1
              smallest row group                     1,024              20,000
              largest row group                    131,072              20,000
            data/b | byte with 258 ids
            warning  data/a split 'train': 1 document is a copy of an earlier one; the first is document 7
              do: leave it out
            damaged  data/b/train-00000.parquet row group 3: bytes 4 to 5 \u001b[2J do not match
            damaged  data/b/lengths/train-00000.parquet: there is no such file
              do: copy it again
            warning  data/b split 'validation': 3 of its documents are also in data/a split 'train'; the first is document 12
              do: prepare both from text and with the same --validation-fraction: equal documents then fall on the same side
            not checked  data/b/train-00000.parquet: its documents
            damaged: 2 problems, 2 warnings; 12.3 MB in 0.5 s, 25 MB/s

            """, output.ToString());
    }

    [Fact]
    public void Json_has_the_same()
    {
        var output = new StringWriter();
        CheckView.WriteJson(new CheckResult([Good, Bad], [new("data/b", "validation", "data/a", "train", 3, 12)], ["x"]), output);
        using var json = JsonDocument.Parse(output.ToString());
        var root = json.RootElement;
        Assert.Equal("is_damaged warnings datasets overlaps not_checked", string.Join(' ', root.EnumerateObject().Select(p => p.Name)));
        Assert.Equal((true, 2), (root.GetProperty("is_damaged").GetBoolean(), root.GetProperty("warnings").GetInt32()));
        Assert.Equal("""{"folder":"data/b","split":"validation","other_folder":"data/a","other_split":"train","documents":3,"first":12,"is_leak":true}""",
            JsonSerializer.Serialize(root.GetProperty("overlaps")[0]));
        Assert.Equal("""{"name":"train","shards":2,"row_groups":9,"smallest_row_group":1024,"largest_row_group":131072,"tokens":1100000,"documents":2000,"text_bytes":4400000,"shortest":3,"median":411,"longest":9000,"empty":0,"copies":1}""",
            JsonSerializer.Serialize(root.GetProperty("datasets")[0].GetProperty("splits")[0]));
        Assert.Equal([false, true], root.GetProperty("datasets").EnumerateArray().Select(d => d.GetProperty("is_damaged").GetBoolean()));
    }

    [Fact]
    public void What_is_left_out_is_said()
    {
        Assert.Equal(["data/b/train-00000.parquet: its documents", "copies of documents, and documents of validation that are trained on: --no-copies"], CheckResult.Of([Good, Bad], hashes: null).NotChecked);
        Assert.Equal("copies between datasets of different tokenizers (bpe-4096, byte): documents are compared by their tokens", CheckResult.Of([Good, Bad], new DocumentHashes()).NotChecked[^1]);
        Assert.Empty(CheckResult.Of([Good, Good with { Folder = "data/c" }], new DocumentHashes()).NotChecked);
    }
}
