using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Configuration;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>Compares the memory that training takes at most with what `plan` says. Memory that processes share counts in parts (Pss of /proc/PID/smaps_rollup).</summary>
internal static class MemoryBench
{
    private sealed record Case(string Name, string Config, int Ranks, string[] Settings);

    private static readonly Case[] Cases =
    [
        new("spark-tiny", "spark-tiny", 1, []),
        new("spark-tiny, 2 ranks", "spark-tiny", 2, []),
        new("gemma2-tiny", "gemma2-tiny", 1, []),
        new("spark-8m", "spark-8m", 1, []),
        new("spark-125m, 2 layers", "spark-125m", 1, ["Model.NumLayers=2", "Training.GlobalBatchTokens=8192", "LrSchedule.DecaySteps=1"]),
    ];

    /// <summary>Runs <c>bench memory [steps=300] [cases=part of a name]</c>.</summary>
    public static int Run(string[] arguments)
    {
        string Setting(string name, string otherwise) => arguments.LastOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? otherwise;
        int steps = int.Parse(Setting("steps", "300"), CultureInfo.InvariantCulture);
        string part = Setting("cases", "");
        Console.WriteLine($"{"",-24}{"plan",10}{"peak",10}{"peak/plan",11}{"step 1",10}{"half-way",10}{"end",10}   MB of all ranks, {steps} steps");
        BenchPlace.Use(place =>
        {
            foreach (var item in Cases.Where(c => c.Name.Contains(part, StringComparison.Ordinal))) Measure(item, place, steps);
        });
        return 0;
    }

    private static void Measure(Case item, BenchPlace place, int steps)
    {
        string name = item.Name.Replace(", ", "-", StringComparison.Ordinal).Replace(' ', '-');
        string[] settings =
        [
            .. item.Settings, $"Run.Name={name}", $"Run.Folder={place.Runs}", FormattableString.Invariant($"Training.Steps={steps}"),
            "LrSchedule.WarmupSteps=1", "Logging.PeakTeraflops=1", $"Validation.EverySteps={Math.Max(1, steps / 3)}", "Validation.Tokens=16384", $"Checkpoint.EverySteps={Math.Max(1, steps / 3)}",
        ];
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "configs", item.Config + ".json")), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip })!;
        json["Data"] = new JsonObject { ["Folder"] = place.Data };
        string file = Path.Combine(place.Folder, name + ".json");
        File.WriteAllText(file, json.ToJsonString());
        string[] arguments = [.. settings.SelectMany(s => (string[])["--set", s])];
        var config = StrictConfiguration.Load<TrainConfig>(file, [.. settings]).Value;
        double plan = MemoryEstimate.Of(config, item.Ranks, item.Ranks).Total * (double)item.Ranks / 1e6;
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Launcher.dll"), "--config", file, .. arguments, "--ranks", FormattableString.Invariant($"{item.Ranks}")])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        List<(long Step, double Bytes)> samples = [];
        string metrics = Path.Combine(place.Runs, name, "metrics.jsonl");
        while (!process.WaitForExit(200)) samples.Add((File.Exists(metrics) ? File.ReadLines(metrics).LongCount() : 0, Tree(process.Id).Sum(Proportional) / 1e6));
        if (process.ExitCode != 0) throw new InvalidOperationException($"{item.Name} ended with {process.ExitCode}\n{output.Result}{errors.Result}");
        double peak = samples.Max(s => s.Bytes);
        double At(long step) => samples.Where(s => s.Step <= step).Max(s => s.Bytes);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{item.Name,-24}{plan,10:f0}{peak,10:f0}{peak / plan,11:f2}{At(3),10:f0}{At(steps / 2),10:f0}{At(steps),10:f0}"));
    }

    // A process and its children that are ranks: with --ranks the launcher starts mpiexec, and mpiexec the ranks.
    private static IEnumerable<int> Tree(int root)
    {
        var parents = Directory.GetDirectories("/proc").Select(f => int.TryParse(Path.GetFileName(f), CultureInfo.InvariantCulture, out int id) ? id : 0).Where(id => id > 0).Select(id => (Id: id, Parent: Parent(id))).ToLookup(p => p.Parent, p => p.Id);
        List<int> found = [root];
        for (int i = 0; i < found.Count; i++) found.AddRange(parents[found[i]]);
        // The process that only starts and watches ranks is none of them.
        return found.Count == 1 ? found : found.Where(id => parents[id].All(child => child == 0) && id != root);
    }

    private static int Parent(int process) => Number($"/proc/{process}/status", "PPid:") is { } parent ? (int)parent : 0;

    private static double Proportional(int process) => (Number($"/proc/{process}/smaps_rollup", "Pss:") ?? 0) * 1024.0;

    private static long? Number(string file, string key)
    {
        try
        {
            string? line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
            return line is null ? null : long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended
        }
    }
}
