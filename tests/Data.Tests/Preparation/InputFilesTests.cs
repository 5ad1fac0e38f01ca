using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class InputFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public InputFilesTests()
    {
        for (var i = 0; i < 300; i++) folder.Write($"texts/{i:d3}.jsonl", $"{{\"text\":\"file {i}\"}}\n");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_is_opened_when_its_turn_comes()
    {
        var open = 0;
        var manifest = Build(_ => open = Math.Max(open, Directory.GetFiles("/proc/self/fd").Count(fd => Target(fd).StartsWith(folder["texts"], StringComparison.Ordinal))));
        Assert.Equal(300, manifest.Train.Documents + manifest.Validation.Documents);
        Assert.InRange(open, 0, 1);
    }

    [Theory]
    [InlineData("vanishes", "it cannot be read (")]
    [InlineData("shrinks", "it changed while it was read")]
    [InlineData("grows", "it changed while it was read")]
    [InlineData("is written again", "it changed while it was read")]
    public void A_file_that_changes_between_listing_and_reading_is_named(string how, string found)
    {
        var file = folder["texts/290.jsonl"];
        var error = Assert.Throws<DataException>(() => Build(_ =>
        {
            if (how == "vanishes") File.Delete(file);
            else File.WriteAllText(file, how switch { "shrinks" => "", "grows" => File.ReadAllText(file) + "\n", _ => File.ReadAllText(file) });
        }));
        Assert.Equal(file, error.Where);
        Assert.Contains(found, error.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_gone_before_anything_is_read_is_named()
    {
        var source = new FileSource("texts", [folder["texts/000.jsonl"], folder["texts/gone.jsonl"]], "text");
        Assert.Equal(folder["texts/gone.jsonl"], Assert.Throws<DataException>(() => new InputFiles([source])).Where);
    }

    [Fact]
    public void Empty_documents_do_not_gather_in_memory()
    {
        folder.Write("empty.jsonl", string.Concat(Enumerable.Repeat("{\"text\":\"\"}\n", 100_000)));
        var batches = new InputFiles([DocumentSources.Open(folder["empty.jsonl"], "text")]).Read(default).ToList();
        Assert.Equal(100_000, batches.Sum(batch => batch.Records.Count));
        Assert.All(batches, batch => Assert.InRange(batch.Records.Count, 0, InputFiles.DefaultBatchBytes / 64));
    }

    [Fact]
    public void Reading_goes_on_at_any_place()
    {
        folder.Write("texts/000.jsonl", "{\"text\":\"a\"}\n\n{\"text\":\"\"}\n{\"text\":\"b\"}\n");
        folder.Write("texts/001.txt", string.Concat(Enumerable.Repeat("some words\n\n", 40_000)));
        var inputs = new InputFiles([DocumentSources.Open(folder["texts"], "text")]);
        var all = inputs.Read(default).SelectMany(batch => batch.Records).ToList();
        foreach (var start in new[] { 0, 1, 2, 3, 4, 6, 9, 100, all.Count - 1 })
        {
            var rest = inputs.Read(all[start].Next).SelectMany(batch => batch.Records).ToList();
            Assert.Equal(all.Skip(start + 1).Select(record => (record.Record.Decode(), record.Next)), rest.Select(record => (record.Record.Decode(), record.Next)));
        }
    }

    // Other tests close theirs meanwhile.
    private static string Target(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private DatasetManifest Build(Action<PrepareProgress> act) =>
        DatasetBuilder.Build(new PrepareOptions { Sources = [folder["texts"]], Output = folder["set"], ValidationFraction = 0.1 }, new Acting(act), batchBytes: 200).Manifest;

    private sealed class Acting(Action<PrepareProgress> act) : IProgress<PrepareProgress>
    {
        public void Report(PrepareProgress value) => act(value);
    }
}
