using System.Diagnostics;
using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Bench;

/// <summary>Gives every reader of foreign input damaged input: each is read, or refused in words for the user, within time and memory. Whatever else happens is a finding.</summary>
internal static class FuzzBench
{
    private const string SharedMemory = "/dev/shm";

    /// <summary>Fuzzes: <c>[readers=NAME,…] [seeds=1..1000] [seconds=60] [limit=30] [output=artifacts/fuzz]</c>. Returns 1 where something was found.</summary>
    public static int Run(string[] arguments)
    {
        var settings = new Settings(arguments);
        string[] readers = settings["readers", string.Join(',', FuzzReaders.All.Select(reader => reader.Name))].Split(',', StringSplitOptions.RemoveEmptyEntries);
        foreach (string reader in readers) FuzzReaders.Find(reader);
        var (first, last) = Seeds(settings["seeds", "1..1000"]);
        var (seconds, limit) = (settings.Int("seconds", 60), TimeSpan.FromSeconds(settings.Int("limit", 30)));
        string output = Path.GetFullPath(settings["output", "artifacts/fuzz"]);
        int found = readers.Sum(reader => Fuzz(reader, first, last, seconds, limit, output));
        Console.WriteLine(found == 0 ? "nothing was found" : Text($"{found} found; the inputs are in {output}"));
        return found == 0 ? 0 : 1;
    }

    private static int Fuzz(string reader, int first, int last, int seconds, TimeSpan limit, string output)
    {
        string place = NewPlace();
        var causes = new Dictionary<string, int>(StringComparer.Ordinal);
        var job = new FuzzJob(reader, place, limit, (seed, outcome) =>
        {
            causes[outcome.Signature!] = causes.GetValueOrDefault(outcome.Signature!) + 1;
            if (causes[outcome.Signature!] == 1) Console.WriteLine(Text($"FOUND by {reader}, seed {seed}: {ErrorText.Short(outcome.Problem)}\n  cause: {outcome.Signature}\n  input: {Keep(FuzzReaders.Find(reader), seed, output)}\n  again: dotnet run -c Release --project bench -- fuzz readers={reader} seeds={seed}"));
        });
        try
        {
            var watch = Stopwatch.StartNew();
            job.Run(first, last, seconds);
            var (read, refused) = job.Counts;
            int found = causes.Values.Sum();
            Console.WriteLine(Text($"{reader,-12} {read + refused + found,8} inputs {read,8} read {refused,8} refused {found,5} found{(causes.Count > 0 ? Text($" of {causes.Count} causes") : "")}  {watch.Elapsed.TotalSeconds,6:f1} s  at most {job.Most.Bytes / 1e6:f1} MB (seed {job.Most.Seed})"));
            return found;
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    // Made anew: what the child has may be changed by reading it, and is soon another's.
    private static string Keep(FuzzReader reader, int seed, string output)
    {
        string kept = Path.Combine(output, Text($"{reader.Name}-{seed}")), making = NewPlace();
        try
        {
            FuzzInput.Damaged(reader.Inputs(making), seed, reader.Seal).Write(kept);
            return kept;
        }
        finally
        {
            Directory.Delete(making, recursive: true);
        }
    }

    // In memory where there is such a place: thousands of small files wait for no disk there.
    private static string NewPlace() => Directory.CreateDirectory(Path.Combine(Directory.Exists(SharedMemory) ? SharedMemory : Path.GetTempPath(), $"sparktrain-fuzz-{Guid.NewGuid():N}")).FullName;

    // "7", or "1..100".
    private static (int First, int Last) Seeds(string text)
    {
        int[] ends = [.. text.Split("..").Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        return (ends[0], ends[^1]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
