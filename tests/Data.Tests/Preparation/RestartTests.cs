using System.IO.Compression;
using System.Text;
using System.Text.Json;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

/// <summary>However prepare ends, the same call goes on with it, to the same bytes.</summary>
public sealed class RestartTests : IDisposable
{
    private const int BatchBytes = 3000;

    private readonly TemporaryFolder folder = new();

    public RestartTests()
    {
        var random = new Random(5);
        folder.Write("texts/a.txt", string.Concat(Enumerable.Range(0, 9000).Select(i => i % 50 == 0 ? "\n\n" : $"word{random.Next(300)} ")));
        folder.Write("texts/b.jsonl", Lines(random, 160));
        using (var gzip = new GZipStream(File.Create(folder["texts/c.jsonl.gz"]), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(Lines(random, 200)));
        folder.Write("texts/d.jsonl", Lines(random, 120));
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("byte", false)]
    [InlineData("bpe:300", false)]
    [InlineData("bpe:300", true)]
    public void What_a_kill_leaves_at_any_moment_is_taken_up_to_the_same_bytes(string tokenizer, bool deduplicate)
    {
        // Again and again the folder is copied as a kill would have left it: with files that are not written to their end.
        var (copies, batch) = (0, 0);
        var unbroken = Build("set", tokenizer, deduplicate, new Reports(_ =>
        {
            if (batch++ % 5 == 0) Copy($"copy{copies++}");
        }));
        Assert.InRange(unbroken.Train.Shards.Count, 10, 20);
        Assert.Equal((6, 3, deduplicate ? 45 : 0), (unbroken.EmptyDocuments, unbroken.InvalidDocuments, unbroken.DuplicateDocuments));
        var wentOn = 0;
        for (var copy = 0; copy < copies; copy++)
        {
            var reports = new Reports();
            var journal = folder[$".copy{copy}.sparktrain-progress"];
            var hadTokenizer = File.Exists(journal);
            var finished = hadTokenizer ? File.ReadAllLines(journal).Length - 1 : 0;
            var manifest = Build($"copy{copy}", tokenizer, deduplicate, reports);
            RequireEqual($"copy{copy}", "set");
            Assert.Equal(unbroken.Fingerprint, manifest.Fingerprint);
            Assert.Equal(tokenizer != "byte" && !hadTokenizer, reports.All.Any(r => r.Phase == PreparePhase.TrainingTokenizer));
            Assert.Equal(finished > 0, reports.All.Any(r => r.Phase == PreparePhase.GoingOn));
            if (finished > 0) wentOn++;
        }
        Assert.InRange(wentOn, 5, copies);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path, ".*"));
    }

    [Fact]
    public void A_run_that_is_stopped_again_and_again_comes_to_its_end()
    {
        Build("set", "bpe:300", deduplicate: true);
        var (random, runs, documents) = (new Random(2), 0, 0L);
        for (var isDone = false; !isDone; runs++)
        {
            using var stop = new CancellationTokenSource();
            var batches = random.Next(4, 20);
            var fails = random.Next(2) == 0;
            try
            {
                Build("broken", "bpe:300", deduplicate: true, new Reports(report =>
                {
                    if (report.Phase == PreparePhase.GoingOn)
                    {
                        Assert.True(report.Documents >= documents, "documents that were finished are prepared again");
                        documents = report.Documents;
                    }
                    if (report.Phase != PreparePhase.Tokenizing || --batches > 0) return;
                    if (fails) throw new TimeoutException();
                    stop.Cancel();
                }), stop.Token);
                isDone = true;
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                Assert.True(File.Exists(folder[".broken.sparktrain-progress"]));
            }
        }
        Assert.InRange(runs, 4, 100);
        RequireEqual("broken", "set");
        Assert.Equal(["broken", "set", "texts"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Documents_of_a_damaged_shard_are_prepared_again_where_copies_are_left_out()
    {
        var options = Options("set", "byte") with { Deduplicate = true };
        Assert.Throws<TimeoutException>(() => DatasetBuilder.Build(options, Reports.FailAfter(shards: 9), BatchBytes));
        var shard = folder[".set.sparktrain-preparing/train-00002.parquet"];
        var bytes = File.ReadAllBytes(shard);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(shard, bytes);
        var reports = new Reports();
        DatasetBuilder.Build(options, reports, BatchBytes);
        Assert.InRange(reports.All.Single(r => r.Phase == PreparePhase.GoingOn).Shards, 2, 4);
        DatasetBuilder.Build(options with { Output = folder["fresh"] });
        RequireEqual("set", "fresh");
    }

    [Fact]
    public void The_one_document_for_validation_and_its_copies_stay_together()
    {
        PrepareOptions Rare(string output) => Options(output, "byte") with { ValidationFraction = 1e-12 };
        DatasetBuilder.Build(Rare("first"));
        using var first = TokenDataset.Open(folder["first"]);
        var text = first.Tokenizer.Decode(first.Validation.ReadAll());
        foreach (var copy in new[] { "texts/e.jsonl", "texts/f.jsonl" }) folder.Write(copy, JsonSerializer.Serialize(new { text }));
        Assert.Throws<TimeoutException>(() => DatasetBuilder.Build(Rare("set"), Reports.FailAfter(shards: 4), BatchBytes));
        DatasetBuilder.Build(Rare("set"), null, BatchBytes);
        using var set = TokenDataset.Open(folder["set"]);
        Assert.Equal(text + text + text, set.Tokenizer.Decode(set.Validation.ReadAll()));
        Assert.Equal(first.Manifest.Train.Documents, set.Manifest.Train.Documents);
    }

    [Fact]
    public void After_a_file_was_repaired_the_shards_of_the_files_before_it_stay()
    {
        var sound = File.ReadAllText(folder["texts/d.jsonl"]);
        folder.Write("texts/d.jsonl", sound[..^40]);
        Assert.Contains("d.jsonl:", Assert.Throws<DataException>(() => Build("set", "byte")).Where, StringComparison.Ordinal);
        folder.Write("texts/d.jsonl", sound);
        var reports = new Reports();
        Build("set", "byte", reports: reports);
        Assert.Equal(PreparePhase.GoingOn, reports.All[0].Phase);
        Build("fresh", "byte");
        RequireEqual("set", "fresh");
    }

    [Theory]
    [InlineData("another option")]
    [InlineData("another file")]
    [InlineData("a file of another time")]
    [InlineData("a tokenizer that is gone")]
    public void What_was_made_from_something_else_is_made_anew(string what)
    {
        Interrupt("set");
        var options = Options("set", "byte");
        if (what == "another option") options = options with { ValidationFraction = 0.3 };
        if (what == "another file") folder.Write("texts/a.txt", "other text");
        if (what == "a file of another time") File.SetLastWriteTimeUtc(folder["texts/a.txt"], DateTime.UtcNow.AddHours(-1));
        if (what == "a tokenizer that is gone") Directory.Delete(folder[".set.sparktrain-preparing/tokenizer"], recursive: true);
        var reports = new Reports();
        DatasetBuilder.Build(options, reports, BatchBytes);
        Assert.DoesNotContain(reports.All, r => r.Phase == PreparePhase.GoingOn);
        DatasetBuilder.Build(options with { Output = folder["fresh"] });
        RequireEqual("set", "fresh");
    }

    [Theory]
    [InlineData("a missing shard")]
    [InlineData("a shard that is cut off")]
    [InlineData("a torn line")]
    [InlineData("a line of something else")]
    [InlineData("a shard that is null")]
    [InlineData("a name that no file has")]
    [InlineData("a place before the inputs")]
    public void The_journal_counts_up_to_what_is_not_there(string what)
    {
        Interrupt("set");
        var journal = folder[".set.sparktrain-progress"];
        var lines = File.ReadAllLines(journal);
        Assert.InRange(lines.Length, 6, 20);
        var shard = folder[".set.sparktrain-preparing/train-00003.parquet"];
        if (what == "a missing shard") File.Delete(shard);
        if (what == "a shard that is cut off") File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..100]);
        if (what == "a torn line") File.WriteAllText(journal, string.Join('\n', lines[..4]) + "\n" + lines[4][..^9]);
        if (what == "a line of something else") File.WriteAllText(journal, string.Join('\n', [.. lines[..4], "{}", .. lines[4..]]) + "\n");
        if (what == "a shard that is null") ReplaceFifth(line => line.Replace("\"train\":[", "\"train\":[null,", StringComparison.Ordinal));
        if (what == "a name that no file has") ReplaceFifth(line => line.Replace("{\"file\":\"train-", "{\"file\":\"\\u0000train-", StringComparison.Ordinal));
        if (what == "a place before the inputs") ReplaceFifth(line => line.Replace("\"next\":{\"file\":", "\"next\":{\"file\":-", StringComparison.Ordinal));
        var reports = new Reports();
        Build("set", "byte", reports: reports);
        var goesOn = Assert.Single(reports.All, r => r.Phase == PreparePhase.GoingOn);
        using var set = TokenDataset.Open(folder["set"]);
        Assert.Equal(set.Manifest.Train.Shards.Take(3).Sum(s => s.Documents), goesOn.Documents - set.Manifest.Validation.Shards.Take(goesOn.Shards - 3).Sum(s => s.Documents));
        Build("fresh", "byte");
        RequireEqual("set", "fresh");

        void ReplaceFifth(Func<string, string> damage)
        {
            Assert.NotEqual(lines[4], damage(lines[4]));
            File.WriteAllLines(journal, [.. lines[..4], damage(lines[4]), .. lines[5..]]);
        }
    }

    private static string Lines(Random random, int count)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var text = string.Join(' ', Enumerable.Range(0, random.Next(3, 90)).Select(_ => $"item{random.Next(500)}"));
            lines.Append(i switch { 50 => "{\"text\":\"\"}", 60 => "{\"text\":\"\\ud800\"}", _ when i % 10 == 9 => $"{{\"text\":\"copy {i % 3}\"}}", _ => $"{{\"text\":\"{text}\"}}" }).Append(i % 7 == 0 ? "\n\n" : "\n");
            if (i == 60) lines.Append("{\"text\":null}\n");
        }
        return lines.ToString();
    }

    private PrepareOptions Options(string output, string tokenizer) =>
        new() { Sources = [folder["texts"]], Output = folder[output], Tokenizer = tokenizer, ValidationFraction = 0.1, ShardTokens = tokenizer == "byte" ? 16384 : 6144 };

    private DatasetManifest Build(string output, string tokenizer, bool deduplicate = false, Reports? reports = null, CancellationToken cancellation = default) =>
        DatasetBuilder.Build(Options(output, tokenizer) with { Deduplicate = deduplicate }, reports, BatchBytes, cancellation).Manifest;

    private void Interrupt(string output) => Assert.Throws<TimeoutException>(() => Build(output, "byte", reports: Reports.FailAfter(shards: 9)));

    // The files are open for writing, so that another program must do it.
    private void Copy(string name)
    {
        foreach (var part in new[] { "preparing", "progress" })
        {
            var from = folder[$".set.sparktrain-{part}"];
            if (Path.Exists(from)) Assert.Equal(0, Started.Run("cp", "-r", from, folder[$".{name}.sparktrain-{part}"]).ExitCode);
        }
    }

    private void RequireEqual(string set, string other)
    {
        string[] Names(string name) =>
            [.. Directory.EnumerateFiles(folder[name], "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder[name], f)).Order(StringComparer.Ordinal)];

        Assert.Equal(Names(other), Names(set));
        foreach (var file in Names(set))
            Assert.True(File.ReadAllBytes(Path.Combine(folder[set], file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder[other], file))), $"{file} differs");
    }

    private sealed class Reports(Action<PrepareProgress>? act = null) : IProgress<PrepareProgress>
    {
        public List<PrepareProgress> All { get; } = [];

        public static Reports FailAfter(int shards) => new(report =>
        {
            if (report.Shards > shards) throw new TimeoutException();
        });

        public void Report(PrepareProgress value)
        {
            All.Add(value);
            act?.Invoke(value);
        }
    }
}
