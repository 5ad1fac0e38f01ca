using System.Globalization;
using SparkTrain.Distributed;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>Training on ranks of this machine, in jobs that it starts itself: weak scaling, exposed communication, reductions against MPI's, and memory.</summary>
internal static class RanksBench
{
    private static readonly string[] AllParts = ["weak", "reduction", "memory"];

    /// <summary>Runs the parts that are named, or all: <c>[part …] [rounds=7] [megabytes=1,16,128,256] [ranks=2,4]</c>.</summary>
    public static int Run(string[] arguments)
    {
        int rounds = int.Parse(Setting("rounds", "7"), CultureInfo.InvariantCulture);
        int[] ranks = Numbers(Setting("ranks", "2,4"));
        string[] megabytes = Setting("megabytes", "1,16,128,256").Split(',');
        string[] parts = [.. arguments.Where(a => !a.Contains('=', StringComparison.Ordinal))];
        if (parts.Except(AllParts).Any()) throw new ArgumentException($"parts are {string.Join(", ", AllParts)}");
        foreach (string part in parts.Length > 0 ? parts : AllParts)
            foreach (var print in part switch
            {
                "weak" => ranks.SelectMany(n => (string[])["spark-30m", "spark-tiny"], (n, model) => (Action<BenchPlace>)(place => Weak(n, model, place, rounds))),
                "reduction" => ranks.Select(n => (Action<BenchPlace>)(_ => Reduction(n, rounds, megabytes))),
                _ => [place => Memory(ranks, place)],
            }) BenchPlace.Use(print);
        return 0;

        string Setting(string name, string unsaid) => arguments.LastOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? unsaid;
    }

    private static void Weak(int ranks, string model, BenchPlace place, int rounds)
    {
        var m = MpiJob.Run<WeakScalingResult>(ranks, "weak", model, place.Folder, Text(rounds), "1");
        int cores = Math.Min(ranks, Environment.ProcessorCount);
        Print($"weak scaling, {m.Model}: {m.Parameters / 1e6:f1} M parameters, {m.Tokens} tokens a rank and step, {ranks} ranks x 1 thread on {Environment.ProcessorCount} cores, {rounds} rounds");
        var alone = m.Alone.Select(seconds => m.Tokens / seconds).ToArray();
        var apart = m.ApartRate.Select(rate => m.Tokens * rate).ToArray();
        var together = m.Together.Select(seconds => ranks * m.Tokens / seconds).ToArray();
        Print($"  rank 0 alone                       {Median(alone),10:n0} tokens/s");
        Print($"  {ranks} ranks, a model each             {Median(apart),10:n0} tokens/s   efficiency {Ratio(apart, alone) / cores:f3} of {cores} cores (the machine's own ceiling)");
        Print($"  {ranks} ranks, one model                {Median(together),10:n0} tokens/s   efficiency {Ratio(together, alone) / cores:f3} of {cores} cores, {Ratio(together, apart):f3} of the ceiling");
        Print($"  exposed communication              {Median(m.Communication):p1} of the step (communication_fraction of the rank that waits longest)");
        Print($"    with a barrier before each call: waiting for slower ranks {Share(p => p.Waiting):p2}, reducing {Share(p => p.Reducing):p2}, gathering {Share(p => p.Gathering):p2}, control sum {Share(p => p.Summing):p2}");

        double Share(Func<StepParts, double> part) => Median(m.Parts.Select(p => part(p) / p.Step));
    }

    private static void Reduction(int ranks, int rounds, string[] megabytes)
    {
        var result = MpiJob.Run<ReductionResult>(ranks, ["reduction", Text(rounds), .. megabytes]);
        Print($"reduction over {ranks} ranks of this machine, {rounds} rounds in turn, medians");
        foreach (var size in result.Times.GroupBy(t => t.Megabytes))
            foreach (var way in size)
                Print($"  {way.Megabytes,4} MB  {way.Way,-38} {1e3 * Median(way.Seconds),9:f2} ms  {way.Megabytes / 1e3 / Median(way.Seconds),6:f2} GB/s  {Ratio(way.Seconds, size.First().Seconds),6:f2} x ours");
    }

    private static void Memory(int[] ranks, BenchPlace place)
    {
        Print($"memory of weights, gradients and optimizer a rank, spark-30m (proportional set size), against the estimate");
        foreach (int n in ranks.Prepend(1))
            foreach (var sharding in n == 1 ? (Toggle[])[Toggle.Auto] : [Toggle.On, Toggle.Off])
            {
                var m = MpiJob.Run<StateMemoryResult>(n, "memory", place.Folder, sharding.ToString());
                Print($"  {n} ranks, optimizer {(m.Sharded ? "sharded" : "copied "),7}  {m.Measured.Average() / 1e6,8:f1} MB (largest {m.Measured.Max() / 1e6:f1})  estimate {m.Estimate / 1e6,8:f1} MB  measured / estimate {m.Measured.Average() / m.Estimate:f3}");
            }
    }

    private static double Ratio(IEnumerable<double> a, IEnumerable<double> b) => Median(a.Zip(b, (x, y) => x / y));

    private static double Median(IEnumerable<double> values) => RoundRobin.Median(values);

    private static int[] Numbers(string list) => [.. list.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Print(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));
}
