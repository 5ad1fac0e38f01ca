using System.Diagnostics;
using System.Security.Cryptography;
using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>A checkpoint that is complete.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Bytes">Bytes of its shards.</param>
/// <param name="Elapsed">Time from its beginning to its end.</param>
/// <param name="Stall">Time that training waited for it.</param>
public sealed record SavedCheckpoint(long Step, string Folder, long Bytes, TimeSpan Elapsed, TimeSpan Stall);

/// <summary>
/// Saves the state of all ranks, one checkpoint at a time. Each rank copies its part between two steps (<see cref="Begin"/>) and writes it on another thread, which calls no
/// collectives. Once the control sum of a step says that every part is done, all ranks go on together (<see cref="Advance"/>): first to rank 0's manifest, then to the end.
/// </summary>
internal sealed unsafe class CheckpointWriter : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private readonly CheckpointStore store;
    private readonly CheckpointConfig config;
    private readonly ICollectives ranks;
    private readonly Snapshot snapshot;
    private readonly Action beforePublishing;
    private readonly Func<IReadOnlyDictionary<long, double>> valLosses;
    private readonly RunFolder? folder;
    private Save? saving;

    /// <summary>Makes room for a copy of this rank's part of the state.</summary>
    /// <param name="store">The checkpoints.</param>
    /// <param name="config">How they are written, and which stay.</param>
    /// <param name="state">What is saved.</param>
    /// <param name="ranks">The ranks that write together into a folder that all of them see.</param>
    /// <param name="beforePublishing">Called by rank 0 before a checkpoint counts: brings what belongs to its step to the disk.</param>
    /// <param name="valLosses">The validation losses of steps, on rank 0.</param>
    /// <param name="folder">The run's folder: once it is no longer the one that was opened, nothing is written into what is there. Null writes wherever the store is.</param>
    public CheckpointWriter(CheckpointStore store, CheckpointConfig config, TrainState state, ICollectives ranks, Action beforePublishing, Func<IReadOnlyDictionary<long, double>> valLosses, RunFolder? folder = null)
    {
        (this.store, this.config, this.ranks, this.beforePublishing, this.valLosses, this.folder) = (store, config, ranks, beforePublishing, valLosses, folder);
        snapshot = new(state, config.Asynchronous);
    }

    /// <summary>True while a checkpoint is being written; the same on all ranks.</summary>
    public bool IsBusy => saving is not null;

    /// <summary>The step that is being saved; null where none is.</summary>
    public long? Step => saving?.Step;

    /// <summary>True where this rank has done its part, or there is none to do.</summary>
    public bool IsPartDone => saving is null || saving.Part.IsCompleted;

    /// <summary>Takes the state and begins to write it; nothing may be being written. All ranks call it.</summary>
    /// <param name="step">The step, which names the folder.</param>
    /// <param name="describe">Makes the manifest from the tables of files and tensors.</param>
    public void Begin(long step, Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> describe)
    {
        long start = Stopwatch.GetTimestamp();
        snapshot.Take();
        saving = new(step, describe, start, Task.Factory.StartNew(() => WriteShard(step), TaskCreationOptions.LongRunning)) { Stall = Stopwatch.GetElapsedTime(start) };
    }

    /// <summary>Goes on once every rank has done its part. All ranks call it. Returns the checkpoint once it is complete.</summary>
    /// <exception cref="CheckpointException">The disk is full or not writable; the older checkpoints are untouched. Thrown on all ranks.</exception>
    /// <exception cref="FolderLostException">The run's folder is no longer the one that was opened. Thrown on all ranks.</exception>
    /// <exception cref="GuardException">A saved value is not finite. Thrown on all ranks.</exception>
    public SavedCheckpoint? Advance()
    {
        if (saving is not { } save) return null;
        var parts = Gather(save.Part.Result);
        RequireGood(save, parts);
        if (save.Files is { } shards)
        {
            saving = null;
            return new(save.Step, store.PathOf(save.Step), shards.Values.Sum(shard => shard.Bytes), Stopwatch.GetElapsedTime(save.Start), save.Stall);
        }
        var files = parts.Index().ToDictionary(part => CheckpointManifest.ShardName(part.Index, ranks.WorldSize), part => part.Item.File);
        saving = save with { Files = files, Part = ranks.Rank == 0 ? Task.Factory.StartNew(() => Publish(save, files), TaskCreationOptions.LongRunning) : Task.FromResult(Part.Good) };
        return null;
    }

    /// <summary>Waits for the checkpoint that is being written. All ranks call it.</summary>
    /// <inheritdoc cref="Advance" path="/exception"/>
    public SavedCheckpoint? Finish()
    {
        long start = Stopwatch.GetTimestamp();
        SavedCheckpoint? saved = null;
        if (saving is { Step: var step }) ranks.Report(step, "saving");
        while (saving is { } save)
        {
            // Nobody stays in a collective for as long as another's disk takes.
            _ = save.Part.Wait(Glance);
            double[] done = [save.Part.IsCompleted ? 1 : 0];
            ranks.AllReduceSum(done);
            if (done[0] == ranks.WorldSize) saved = Advance();
        }
        return saved is null ? null : saved with { Stall = saved.Stall + Stopwatch.GetElapsedTime(start) };
    }

    /// <summary>Waits for this rank's part and frees the copy.</summary>
    public void Dispose()
    {
        saving?.Part.Wait();
        snapshot.Dispose();
    }

    private Part WriteShard(long step) => Attempt(() =>
    {
        var pieces = snapshot.Pieces();
        string file = Path.Combine(Directory.CreateDirectory(store.TemporaryOf(step)).FullName, CheckpointManifest.ShardName(ranks.Rank, ranks.WorldSize));
        string hash = SafetensorsWriter.Write(file, [.. pieces.Select(piece => (piece.Piece.Info, (SafetensorsWriter.Source)(() => Snapshot.Finite(piece.Piece, piece.Values))))], allStay: true);
        var written = new ShardFile(new FileInfo(file).Length, hash);
        if (config.ReadBack) CheckpointVerification.ReadBack(file, written);
        return new(PartEnd.Good, written, null);
    });

    private Part Publish(Save save, IReadOnlyDictionary<string, ShardFile> files) => Attempt(() =>
    {
        beforePublishing();
        store.Publish(save.Step, files, places => save.Describe(files, places));
        store.Expire(config, valLosses());
        return Part.Good;
    });

    private Part Attempt(Func<Part> act)
    {
        try
        {
            folder?.RequireOwn();
            return act();
        }
        catch (NotFiniteNumberException e)
        {
            return new(PartEnd.NotFinite, new(0, ""), e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelFormatException or CheckpointException)
        {
            if (folder?.Loss is { } loss) return new(PartEnd.FolderLost, new(0, ""), loss.Reason);
            return new(PartEnd.Failed, new(0, ""), $"{(ranks.Rank > 0 ? $"rank {ranks.Rank}: " : "")}{e.Reason()}; {store.FreeText()}");
        }
    }

    private void RequireGood(Save save, IReadOnlyList<Part> parts)
    {
        if (parts.All(part => part.End == PartEnd.Good)) return;
        bool isLost = parts.Any(part => part.End == PartEnd.FolderLost);
        string problem = ranks.FirstFailure(isLost && parts[ranks.Rank].End != PartEnd.FolderLost ? null : parts[ranks.Rank].Problem)!;
        saving = null;
        if (isLost) throw new FolderLostException(folder!.Path, problem);
        if (ranks.Rank == 0) store.TryDiscard(save.Step);
        if (parts.Any(part => part.End == PartEnd.NotFinite))
            throw new GuardException(problem, $"it holds values that are not finite at step {save.Step}", "finite weights and moments; nothing was saved, the last checkpoint is good", "resume from it with a lower LrSchedule.Lr");
        throw new CheckpointException(store.PathOf(save.Step), $"the checkpoint was not saved ({problem})", "room in a folder that every rank may write", "free space, mount the disk for writing where it is read-only, or move the run to another one; older checkpoints are untouched");
    }

    // Each rank fills its own places, so the sum is everybody's.
    private Part[] Gather(Part own)
    {
        int length = 2 + SHA256.HashSizeInBytes;
        var table = new double[ranks.WorldSize * length];
        double[] mine = [(int)own.End, own.File.Bytes, .. Convert.FromHexString(own.File.Sha256).Select(b => (double)b)];
        mine.CopyTo(table, ranks.Rank * length);
        ranks.AllReduceSum(table);
        return [.. table.Chunk(length).Select((row, rank) => new Part((PartEnd)row[0], new((long)row[1], Convert.ToHexStringLower([.. row[2..].Select(b => (byte)b)])), rank == ranks.Rank ? own.Problem : null))];
    }

    private enum PartEnd
    {
        Good,
        Failed,
        NotFinite,
        FolderLost,
    }

    /// <summary>How a rank's part has ended.</summary>
    private sealed record Part(PartEnd End, ShardFile File, string? Problem)
    {
        public static readonly Part Good = new(PartEnd.Good, new(0, ""), null);
    }

    /// <summary>A checkpoint that is being written; with files once all ranks have written theirs.</summary>
    private sealed record Save(long Step, Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> Describe, long Start, Task<Part> Part)
    {
        public IReadOnlyDictionary<string, ShardFile>? Files { get; init; }

        public TimeSpan Stall { get; init; }
    }
}
