using System.Collections.Concurrent;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Checkpoints;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>A run whose folder or lock goes while it trains ends, and writes nothing into what is there instead.</summary>
public sealed class FolderLossTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    public FolderLossTests()
    {
        var tiny = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);
        config = tiny with { Training = tiny.Training with { Steps = 60, MicroBatch = 1, Threads = 1 }, Distributed = new() { Overlap = Distributed.Toggle.Off } };
    }

    public void Dispose() => folder.Dispose();

    private string Run => Path.Combine(config.Run.Folder, "tiny");

    [Theory]
    [InlineData("delete", 1, "its run.lock was deleted")]
    [InlineData("delete", 2, "its run.lock was deleted")]
    [InlineData("delete lock", 1, "its run.lock was deleted")]
    [InlineData("replace lock", 2, "its run.lock was deleted")]
    [InlineData("move", 1, "its run.lock was moved to ")]
    [InlineData("move and copy back", 1, "its run.lock was moved to ")]
    [InlineData("move and begin another", 2, "its run.lock was moved to ")]
    [InlineData("begin another", 1, "another start has written its run.id")]
    public void It_ends_on_all_ranks_and_leaves_alone_what_is_there(string how, int ranks, string reason)
    {
        string[] left = [];
        var thrown = new ConcurrentBag<string>();
        using var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(At(7, () =>
        {
            Break(how);
            left = Files();
        })).CreateLogger();
        Distributed.ThreadRanks.Run(ranks, each =>
        {
            TorchSharp.torch.set_num_threads(1);
            thrown.Add(Assert.Throws<FolderLostException>(() => TrainOnly(each, log)).Message);
        }, config.Distributed.Reduce);
        Assert.Equal(ranks, thrown.Count);
        Assert.All(thrown, message => Assert.StartsWith($"{Run}: the run folder is no longer the one that this run holds: ", message, StringComparison.Ordinal));
        // A save that was being written may have ended for another word of the same.
        Assert.Contains(thrown, message => message.Contains(reason, StringComparison.Ordinal) || how is "delete" or "move" && message.Contains("its run.lock is gone", StringComparison.Ordinal));
        Assert.Equal(left, Files());
    }

    [Fact]
    public void A_report_is_not_written_into_another_run()
    {
        using var held = RunFolder.Open(config.Run);
        Assert.Null(held.Loss);
        Assert.True(held.IsHeld);
        Break("move and begin another");
        Assert.Throws<FolderLostException>(() => held.WriteText(held.Report, "{}"));
        Assert.False(File.Exists(held.Report));
    }

    [Fact]
    public void Who_looks_at_a_lock_holds_nothing()
    {
        RunFolder.Open(config.Run).Dispose();
        using (new FileStream(Path.Combine(Run, "run.lock"), FileMode.Open, FileAccess.Read, FileShare.Read)) Assert.False(RunFolder.At(Run).IsHeld);
        // A look that is over in a moment does not keep a start away.
        var look = new FileStream(Path.Combine(Run, "run.lock"), FileMode.Open, FileAccess.Read, FileShare.Read);
        using var end = new Timer(_ => look.Dispose(), null, 50, Timeout.Infinite);
        using var held = RunFolder.Open(config.Run);
        Assert.True(RunFolder.At(Run).IsHeld);
        using var joined = RunFolder.Join(config.Run);
        Assert.Null(joined.Loss);
        Assert.True(held.IsAlso(Run));
        Assert.False(held.IsAlso(folder["data"]));
    }

    [Fact]
    public void A_run_id_that_was_deleted_alone_is_no_loss()
    {
        using var held = RunFolder.Open(config.Run);
        File.Delete(Path.Combine(Run, "run.id"));
        Assert.Null(held.Loss);
        File.Delete(Path.Combine(Run, "run.lock"));
        Assert.NotNull(held.Loss);
    }

    [Fact]
    public void A_lock_that_is_a_folder_is_held_by_nobody()
    {
        Directory.CreateDirectory(Path.Combine(Run, "run.lock"));
        Assert.False(RunFolder.At(Run).IsHeld);
        Assert.Contains("cannot be written", Assert.Throws<CheckpointException>(() => RunFolder.Open(config.Run)).Message, StringComparison.Ordinal);
    }

    private void TrainOnly(Distributed.ICollectives ranks, ILogger log)
    {
        using var held = ranks.Rank == 0 ? RunFolder.Open(config.Run) : null;
        ranks.Barrier();
        using var joined = held ?? RunFolder.Join(config.Run);
        using var data = TrainingData.Open(config);
        using var trainer = new Trainer(config, joined, data, ranks, ranks.Rank == 0 ? log : Logger.None);
        trainer.Run(CancellationToken.None);
    }

    private void Break(string how)
    {
        string run = Run, away = folder["away"];
        string Lock(string of) => Path.Combine(of, "run.lock");
        if (how == "delete") Directory.Delete(run, recursive: true);
        if (how is "delete lock" or "replace lock") File.Delete(Lock(run));
        if (how == "replace lock") File.WriteAllText(Lock(run), "");
        if (how.StartsWith("move", StringComparison.Ordinal)) Directory.Move(run, away);
        if (how == "move and copy back")
            foreach (string file in Directory.GetFiles(away, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(run, Path.GetRelativePath(away, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                // .NET does not copy what is held alone.
                if (Path.GetFileName(file) == "run.lock") File.WriteAllText(target, "");
                else File.Copy(file, target);
            }
        if (how == "move and begin another") RunFolder.Open(config.Run).Dispose();
        if (how == "begin another") File.WriteAllText(Path.Combine(run, "run.id"), "12345");
    }

    private string[] Files() => !Directory.Exists(Run) ? []
        : [.. Directory.GetFileSystemEntries(Run, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path) is not "metrics.jsonl").Order(StringComparer.Ordinal).Select(path => $"{path} {(File.Exists(path) ? File.GetLastWriteTimeUtc(path).Ticks : 0)}")];

    private static LogAction At(long step, Action act)
    {
        bool isDone = false;
        return new(logEvent =>
        {
            if (isDone || !logEvent.Properties.TryGetValue("Step", out var value) || value is not ScalarValue { Value: long at } || at < step) return;
            isDone = true;
            act();
        });
    }
}
