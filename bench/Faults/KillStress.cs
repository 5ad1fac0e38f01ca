using System.Diagnostics;

namespace SparkTrain.Bench;

/// <summary>Runs that are killed and started again.</summary>
/// <param name="place">Holds the data and the runs.</param>
/// <param name="ranks">Ranks that train together.</param>
/// <param name="seed">Decides when which process is killed; the machine's speed decides what it is doing then.</param>
internal sealed class KillStress(BenchPlace place, int ranks, int seed)
{
    private readonly Random random = new(seed);
    private readonly SortedDictionary<string, int> phases = new(StringComparer.Ordinal);
    private readonly List<long> lost = [];
    private TimeSpan startUp;
    private int runs, sparedRanks;

    /// <summary>Runs until so many kills are done and the last run is complete; prints what happened. Returns false where something was wrong.</summary>
    public bool Run(int kills)
    {
        long start = Stopwatch.GetTimestamp();
        var unbroken = new SaveHeavyRun(place, "unbroken", ranks);
        using (var job = unbroken.Start(saves: false))
        {
            startUp = job.WaitForStep() ?? TimeSpan.Zero;
            if (job.Finish() != 0) throw new InvalidOperationException(job.Said);
        }
        while (lost.Count < kills)
        {
            var run = new SaveHeavyRun(place, FormattableString.Invariant($"killed-{++runs}"), ranks);
            try
            {
                KillUntilComplete(run, new(run, unbroken, ranks), kills);
            }
            catch (FaultException e)
            {
                Print($"WRONG on {ranks} ranks, seed {seed}, after {lost.Count} kills, in run {runs}: {e.Message}");
                return false;
            }
            Directory.Delete(run.Folder, recursive: true);
            Console.Error.WriteLine(FormattableString.Invariant($"run {runs} is complete and equal, {lost.Count} of {kills} kills so far"));
        }
        Print($"ok: {ranks} {(ranks == 1 ? "rank" : "ranks")}, seed {seed}: {lost.Count} kills ({sparedRanks} of one rank only) in {runs} runs of {SaveHeavyRun.Steps} steps, {Stopwatch.GetElapsedTime(start).TotalSeconds:f0} s; all equal the unbroken run");
        Print($"  while {string.Join(", ", phases.Select(phase => FormattableString.Invariant($"{phase.Key} {phase.Value}")))}");
        Print($"  steps lost by a kill: {lost.Average():f1} on average, {lost.Max()} at most; a checkpoint every {SaveHeavyRun.SaveSteps} steps");
        return true;
    }

    private void KillUntilComplete(SaveHeavyRun run, RunWitness witness, int kills)
    {
        while (true)
        {
            using var job = run.Start();
            bool isKilled = lost.Count < kills && Kill(job);
            if (!isKilled)
            {
                int exitCode = job.Finish();
                if (exitCode != 0) throw new FaultException($"the run ended with {exitCode}:\n{job.Said}");
                witness.AfterEnd();
                return;
            }
            var (phase, steps) = witness.AfterKill(job);
            phases[phase] = phases.GetValueOrDefault(phase) + 1;
            lost.Add(steps);
        }
    }

    // A third of the kills falls into the start, where a checkpoint is looked for and read, and a third behind a save, so that the run gets on however slow the machine is.
    private bool Kill(KillableJob job)
    {
        int kind = random.Next(3);
        double share = random.NextDouble();
        if (kind > 0)
        {
            if (job.WaitForStep() is not { } time) return false;
            startUp = time;
            if (kind == 2) job.WaitForSave();
        }
        Thread.Sleep(startUp * share);
        int? rank = ranks > 1 && random.Next(3) == 0 ? random.Next(ranks) : null;
        if (!job.Kill(rank)) return false;
        if (rank is not null) sparedRanks++;
        return true;
    }

    private static void Print(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));
}
