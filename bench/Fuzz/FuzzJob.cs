using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>Fuzzes one reader in children that it watches: one that hangs, dies or takes too much memory is ended, its input kept, and the next one goes on behind it.</summary>
/// <param name="reader">The reader's name.</param>
/// <param name="place">A folder to work in.</param>
/// <param name="limit">Time that an input may take.</param>
/// <param name="found">Receives each seed with what must not be.</param>
internal sealed class FuzzJob(string reader, string place, TimeSpan limit, Action<int, FuzzOutcome> found)
{
    private const long MostResidentBytes = 2L << 30;
    private const int KeptErrorLines = 40;

    // Making the inputs, and starting.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3), Look = TimeSpan.FromMilliseconds(100);

    // Managed memory that is alive; what does not fit is an OutOfMemoryException.
    private const string HeapLimit = "0x30000000";

    /// <summary>Inputs that were read, and refused.</summary>
    public (int Read, int Refused) Counts { get; private set; }

    /// <summary>The most bytes that an input took, and its seed.</summary>
    public (long Bytes, int Seed) Most { get; private set; }

    /// <summary>Reads inputs of seeds, until all are read or the time is over.</summary>
    public void Run(int first, int last, int seconds)
    {
        for (var watch = Stopwatch.StartNew(); first <= last && watch.Elapsed.TotalSeconds < seconds;)
        {
            int? died = Child(first, last, seconds - (int)watch.Elapsed.TotalSeconds);
            if (died is not { } seed) return;
            first = seed + 1;
        }
    }

    // Returns the seed that a child did not live through.
    private int? Child(int first, int last, int seconds)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Bench.dll"), "fuzz-child", reader, .. ((int[])[first, last, seconds]).Select(number => number.ToString(CultureInfo.InvariantCulture)), place])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["DOTNET_GCHeapHardLimit"] = HeapLimit, ["DOTNET_gcServer"] = "0", ["DOTNET_DbgEnableMiniDump"] = "0" },
        };
        using var child = Process.Start(start)!;
        try
        {
            return Follow(child);
        }
        finally
        {
            if (!child.HasExited) child.Kill();
            child.WaitForExit();
        }
    }

    private int? Follow(Process child)
    {
        var (said, error) = (new StringBuilder(), 0);
        child.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null && error++ < KeptErrorLines) said.AppendLine(line.Data);
        };
        child.BeginErrorReadLine();
        var (reading, since, next) = ((int?)null, Stopwatch.StartNew(), child.StandardOutput.ReadLineAsync());
        while (true)
        {
            if (next.Wait(Look))
            {
                if (next.Result is not { } line) break;
                if (line == "done") return null;
                if (line.StartsWith("begin ", StringComparison.Ordinal)) reading = int.Parse(line.AsSpan(6), CultureInfo.InvariantCulture);
                else Note(JsonSerializer.Deserialize<FuzzLine>(line)!);
                since.Restart();
                next = child.StandardOutput.ReadLineAsync();
            }
            else if (since.Elapsed > (reading is null ? StartLimit : limit)) return End(reading, FuzzOutcome.Found($"hangs: no end within {limit.TotalSeconds:0} s", "hangs"));
            else if (Resident(child) is > MostResidentBytes and var bytes) return End(reading, FuzzOutcome.Found($"memory: {bytes} bytes resident", "memory"));
        }
        child.WaitForExit();
        string words = said.ToString();
        return End(reading, FuzzOutcome.Found($"the process died with exit code {child.ExitCode}\n{words}", $"died: {words.Split('\n')[0]}"));
    }

    private int End(int? seed, FuzzOutcome outcome)
    {
        if (seed is not { } at) throw new InvalidOperationException($"{reader}: before the first input: {outcome.Problem}");
        found(at, outcome);
        return at;
    }

    private void Note(FuzzLine line)
    {
        var outcome = line.Outcome;
        if (line.IsWhole && !outcome.IsRead) throw new InvalidOperationException($"{reader}: an undamaged input is not read: {outcome.Problem}");
        if (outcome.Bytes > Most.Bytes) Most = (outcome.Bytes, line.Seed);
        if (line.Seed < 0) return;
        if (outcome.IsFound) found(line.Seed, outcome);
        else Counts = outcome.IsRead ? Counts with { Read = Counts.Read + 1 } : Counts with { Refused = Counts.Refused + 1 };
    }

    private static long Resident(Process child)
    {
        child.Refresh();
        return child.HasExited ? 0 : child.WorkingSet64;
    }
}
