using System.Text.Json;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>prepare as a process: killed, stopped, on a full disk.</summary>
public sealed class PrepareTests : IDisposable
{
    private static readonly string[] Words = ["of", "every", "query", "the", "threshold", "keeps", "its", "keys", "and", "few", "neurons", "are", "active"];

    private readonly TemporaryFolder folder = new();

    public PrepareTests()
    {
        var random = new Random(4);
        foreach (string file in (string[])["a.jsonl", "b.jsonl"])
            File.WriteAllLines(Path.Combine(folder, file), Enumerable.Range(0, 6000).Select(_ => JsonSerializer.Serialize(new { text = Sentence(random) })));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_process_that_is_killed_or_stopped_is_taken_up_by_the_same_command_to_the_same_bytes()
    {
        var unbroken = Cli.Run(folder, Arguments("unbroken"));
        Assert.True(unbroken.ExitCode == 0, unbroken.Error);
        foreach (var (signal, shards) in ((string, int)[])[("KILL", 3), ("INT", 9)])
        {
            var started = Cli.Start(folder, Arguments("set"));
            started.WaitUntil(() => FinishedLines() > shards, $"{shards} finished shards");
            started.Signal(signal);
            var stopped = Cli.Finish(started);
            Assert.Equal(signal == "KILL" ? 128 + 9 : 75, stopped.ExitCode);
            if (signal == "INT") Assert.Contains("the same command goes on", stopped.Error, StringComparison.Ordinal);
        }
        var finished = Cli.Run(folder, Arguments("set"));
        Assert.True(finished.ExitCode == 0, finished.Error);
        Assert.Matches("goes on after [0-9,]+ documents, [0-9]+ shards", finished.Out);
        Assert.DoesNotContain("tokenizer:", finished.Out, StringComparison.Ordinal);
        Assert.Equal(Files("unbroken"), Files("set"));
        foreach (string file in Files("set"))
            Assert.True(File.ReadAllBytes(Path.Combine(folder, "unbroken", file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder, "set", file))), file);
        Assert.Empty(Directory.GetFileSystemEntries(folder, ".set*"));
    }

    [Fact]
    public void A_full_disk_is_named_and_the_same_command_goes_on_when_there_is_room_again()
    {
        string prepare = $"dotnet '{Cli.Launcher}' {string.Join(' ', Arguments("disk/set")).Replace("*", "'*'", StringComparison.Ordinal)}";
        var run = Cli.Program(folder, "unshare", ["--mount", "sh", "-c", $"""
            mkdir disk; mount -t tmpfs -o size=8m tmpfs disk
            head -c 6500000 /dev/zero > disk/fill; {prepare}; echo "code $?"
            rm disk/fill; {prepare}; echo "code $?"
            """]);
        Assert.Matches("(?s)error: disk/set: it cannot be written.*the same command goes on", run.Error);
        Assert.Matches(@"(?s)code 3\n.*goes on after [0-9,]+ documents.*code 0\n", run.Out);
    }

    [Theory]
    [InlineData("disk/set")]
    [InlineData("disk/below/set")]
    public void A_disk_that_is_read_only_is_named_and_nobody_is_waited_for(string output)
    {
        var run = Cli.Program(folder, "unshare", ["--mount", "sh", "-c", $"""
            mkdir disk; mount -t tmpfs -o ro tmpfs disk
            dotnet '{Cli.Launcher}' {string.Join(' ', Arguments(output)).Replace("*", "'*'", StringComparison.Ordinal)}; echo "code $?"
            """]);
        Assert.Contains("code 3", run.Out, StringComparison.Ordinal);
        Assert.Contains($"error: {output}: it cannot be written (Read-only file system", run.Error, StringComparison.Ordinal);
        Assert.Contains("expected: a file system that is mounted for writing", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("wait for it", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prepare_that_another_one_keeps_out_is_told_to_wait()
    {
        using var other = new FileStream(folder[".set.sparktrain-lock"], FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        var run = Cli.Run(folder, Arguments("set"));
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("wait for it", run.Error, StringComparison.Ordinal);
    }

    private static string Sentence(Random random) => string.Join(' ', Enumerable.Range(0, random.Next(20, 200)).Select(_ => Words[random.Next(Words.Length)] + random.Next(40)));

    private static string[] Arguments(string output) => ["prepare", "*.jsonl", "--output", output, "--tokenizer", "bpe:300", "--shard-tokens", "60000"];

    private string[] Files(string set) =>
        [.. Directory.GetFiles(Path.Combine(folder, set), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Path.Combine(folder, set), file)).Order(StringComparer.Ordinal)];

    private int FinishedLines()
    {
        string journal = folder[".set.sparktrain-progress"];
        return File.Exists(journal) ? File.ReadLines(journal).Count() - 1 : 0;
    }
}
