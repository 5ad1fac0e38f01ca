using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SparkTrain.Checkpoints;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>Checkpoints against the plain disk: writing, loading, and what a save costs the training that goes on; see docs/checkpoints.md.</summary>
internal static unsafe class CheckpointBench
{
    private const int StepsBefore = 2;

    private static readonly string[] AllParts = ["write", "load", "train"];

    /// <summary>Runs the parts that are named, or all: <c>[write] [load] [train] [gigabytes=1] [rounds=5] [threads=2] [folder=.]</c>.</summary>
    public static int Run(string[] arguments)
    {
        double gigabytes = double.Parse(Setting("gigabytes", "1"), CultureInfo.InvariantCulture);
        int rounds = int.Parse(Setting("rounds", "5"), CultureInfo.InvariantCulture);
        string[] parts = [.. arguments.Where(a => !a.Contains('=', StringComparison.Ordinal))];
        if (parts.Except(AllParts).Any()) throw new ArgumentException($"parts are {string.Join(", ", AllParts)}");
        LibTorch.Load(int.Parse(Setting("threads", "2"), CultureInfo.InvariantCulture));
        BenchPlace.Use(place =>
        {
            using var work = new CheckpointWork(gigabytes, place, Setting("folder", "."));
            Print($"checkpoint of {work.Run.State.Layout.Count / 1e6:f1} M parameters, {work.Bytes / 1e9:f3} GB, on {new DriveInfo(work.Folder).DriveFormat}; {OpenMp.Threads} threads on {Environment.ProcessorCount} cores, {rounds} rounds in turn, medians");
            // Moments that are all zero would be another matter on a disk that compresses.
            work.Run.Steps(1);
            foreach (string part in parts.Length > 0 ? parts : AllParts)
                ((Action<CheckpointWork, int>)(part switch { "write" => Write, "load" => Load, _ => Train }))(work, rounds);
        });
        return 0;

        string Setting(string name, string unsaid) => arguments.LastOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? unsaid;
    }

    private static void Write(CheckpointWork work, int rounds)
    {
        using var writer = work.Writer(asynchronous: false, readBack: false);
        using var checking = work.Writer(asynchronous: false, readBack: true);
        using var values = new Snapshot(work.Run.State, copies: false);
        string file = Path.Combine(work.Folder, "plain");
        byte* bytes = (byte*)NativeMemory.Alloc((nuint)work.Bytes);
        for (int i = 0; i < 3; i++) Buffer.MemoryCopy(work.Weights, bytes + i * (work.Bytes / 3), work.Bytes / 3, work.Bytes / 3);
        var seconds = InTurn(rounds, () =>
            {
                // All begin with memory and disk as a plain write leaves them: what was just freed is cheaper to get than what the machine has to find first.
                PlainDisk.Write(file, bytes, work.Bytes);
                File.Delete(file);
                work.Clear();
                PlainDisk.Settle();
            },
            () => PlainDisk.Write(file, bytes, work.Bytes), () => PlainDisk.Dd(file, work.Bytes), () => Hash(bytes, work.Bytes), () => CheckFinite(values), () => Save(writer), () => Save(checking));
        NativeMemory.Free(bytes);
        File.Delete(file);
        Print($"write to the end of fsync; the reference is the plain write of as many of our bytes, in blocks of 16 MiB (dd writes zeros, which is the same but for disks that compress)");
        Lines(seconds, work.Bytes, ["plain write, fsync", "dd if=/dev/zero bs=16M conv=fsync", "SHA-256 of memory, one thread", "search for non-finite, one thread", "checkpoint to COMPLETE", "checkpoint to COMPLETE, read back"]);
        Print($"  budget: checkpoint to COMPLETE at 0.70 of the plain rate or more; measured {Ratio(seconds[0], seconds[4]):f2}");

        static void CheckFinite(Snapshot snapshot)
        {
            foreach (var (piece, address) in snapshot.Pieces()) _ = Snapshot.Finite(piece, address);
        }

        void Save(CheckpointWriter to)
        {
            work.Begin(to);
            to.Finish();
        }
    }

    private static void Load(CheckpointWork work, int rounds)
    {
        work.Clear();
        using (var writer = work.Writer(asynchronous: false, readBack: false))
        {
            work.Begin(writer);
            writer.Finish();
        }
        string checkpoint = work.Store.Complete()[0], shard = Path.Combine(checkpoint, CheckpointManifest.ShardName(0, 1));
        foreach (bool isCold in (bool[])[true, false])
        {
            var seconds = InTurn(rounds, () =>
                {
                    PlainDisk.Read(shard);
                    if (isCold) DurableFolder.DropFromCache(shard);
                },
                () => PlainDisk.Read(shard), () => CheckpointVerification.Verify(checkpoint), () => work.Run.State.Restore(checkpoint, CheckpointVerification.Verify(checkpoint)));
            Print($"load, {(isCold ? "from the disk" : "from the page cache")}; the reference is a plain read of the file in blocks of 1 MiB");
            Lines(seconds, work.Bytes, ["plain read", "verify", "verify and restore"]);
        }
        work.Clear();
    }

    private static void Train(CheckpointWork work, int rounds)
    {
        using var writer = work.Writer(asynchronous: true, readBack: true);
        List<double> before = [], stall = [], copy = [], during = [], cost = [];
        work.Run.Steps(StepsBefore);
        float* room = (float*)NativeMemory.Alloc((nuint)(work.Bytes / 3));
        for (int round = 0; round < rounds; round++)
        {
            double step = RoundRobin.Median(Enumerable.Range(0, StepsBefore).Select(_ => work.Run.Steps(1).Seconds));
            double plain = Time(() => Copy(work, room));
            double stalled = Time(() => work.Begin(writer)), slower = 0;
            var slow = new List<double>();
            while (!writer.IsPartDone)
            {
                slow.Add(work.Run.Steps(1).Seconds);
                slower += slow[^1] - step;
            }
            writer.Finish();
            before.Add(step);
            copy.Add(plain);
            stall.Add(stalled);
            during.Add(RoundRobin.Median(slow));
            cost.Add(stalled + slower);
            work.Clear();
        }
        NativeMemory.Free(room);
        Print($"training with asynchronous saves that are read back, {work.TokensPerStep} tokens a step");
        Print($"  step without a save                {RoundRobin.Median(before),8:f3} s");
        Print($"  stall a save                       {RoundRobin.Median(stall),8:f3} s   {Ratio(stall, before),6:p1} of a step (budget 5 %); {work.Bytes / 1e9 / RoundRobin.Median(stall):f1} GB/s, {Ratio(copy, stall):f2} of the rate of copying as much by itself");
        Print($"  step while a save is written       {RoundRobin.Median(during),8:f3} s   {Ratio(during, before),6:f2} x a step without; the writing may end before the step does");
        Print($"  a save takes from the training     {RoundRobin.Median(cost),8:f3} s   {Ratio(cost, before),6:p1} of a step, stall and slower steps together");
    }

    // What the snapshot does, done plainly: each of libtorch's threads copies its part.
    private static void Copy(CheckpointWork work, float* room)
    {
        float* from = work.Weights;
        for (int i = 0; i < 3; i++)
            OpenMp.ForRanges(work.Bytes / 3 / sizeof(float), 1 << 16, (begin, end) => Buffer.MemoryCopy(from + begin, room + begin, (end - begin) * sizeof(float), (end - begin) * sizeof(float)));
    }

    private static void Hash(byte* bytes, long count)
    {
        const int Part = 4 << 20;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long at = 0; at < count; at += Part) hash.AppendData(new ReadOnlySpan<byte>(bytes + at, (int)Math.Min(Part, count - at)));
        _ = hash.GetHashAndReset();
    }

    private static double[][] InTurn(int rounds, Action prepare, params Action[] ways)
    {
        var seconds = Array.ConvertAll(ways, _ => new double[rounds]);
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < ways.Length; i++)
            {
                int way = (i + round) % ways.Length;
                prepare();
                seconds[way][round] = Time(ways[way]);
            }
        return seconds;
    }

    private static void Lines(double[][] seconds, long bytes, string[] names)
    {
        foreach (var (name, mine) in names.Zip(seconds))
            Print($"  {name,-34} {RoundRobin.Median(mine) / (bytes / 1e9),8:f3} s/GB  {bytes / 1e9 / RoundRobin.Median(mine),6:f2} GB/s  {Ratio(seconds[0], mine),6:f2} of the plain rate  (rounds {seconds[0].Zip(mine, (plain, own) => plain / own).Min():f2} to {seconds[0].Zip(mine, (plain, own) => plain / own).Max():f2})");
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Ratio(IEnumerable<double> a, IEnumerable<double> b) => RoundRobin.Median(a.Zip(b, (x, y) => x / y));

    private static void Print(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));
}
