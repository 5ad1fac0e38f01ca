using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SparkTrain.Dashboard;
using SparkTrain.Http;
using SparkTrain.Input;
using SparkTrain.Launcher;

namespace SparkTrain.Bench;

/// <summary>Reads damaged inputs one after the other in a process of its own, which may hang or die of one: <c>bench fuzz-child READER FIRST LAST SECONDS FOLDER</c>, started by <see cref="FuzzJob"/>.</summary>
internal static class FuzzChild
{
    private const int MostLetters = 8000;

    private static readonly Type[] OtherUserErrors = [typeof(ApiException), typeof(InvalidBatchException), typeof(DashboardException)];

    /// <summary>Reads; tells by a line on the standard output what it begins with and what came of it.</summary>
    public static int Run(string[] arguments)
    {
        var (reader, first, last, seconds) = (FuzzReaders.Find(arguments[0]), Number(arguments[1]), Number(arguments[2]), Number(arguments[3]));
        // One before may have died in its own.
        string folder = Path.Combine(arguments[4], Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), place = Path.Combine(folder, "input");
        var inputs = reader.Inputs(Directory.CreateDirectory(Path.Combine(folder, "made")).FullName);
        // What is not damaged must be read: else nothing behind the first check would ever be.
        foreach (var (index, input) in inputs.Index()) Tell(new(-1 - index, Read(reader, input, place)) { IsWhole = !reader.IsAlwaysRefused });
        for (var (seed, watch) = (first, Stopwatch.StartNew()); seed <= last && watch.Elapsed.TotalSeconds < seconds; seed++)
        {
            var input = FuzzInput.Damaged(inputs, seed, reader.Seal);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"begin {seed}"));
            Tell(new(seed, Read(reader, input, place)));
        }
        Console.Out.WriteLine("done");
        return 0;
    }

    private static FuzzOutcome Read(FuzzReader reader, FuzzInput input, string folder)
    {
        input.Write(folder);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var outcome = Read(reader, folder);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before, most = reader.MostBytes + reader.MostBytesPerByte * input.Bytes;
        return (outcome.IsFound || bytes <= most ? outcome : FuzzOutcome.Found($"memory: {bytes} bytes for an input of {input.Bytes}", "memory")) with { Bytes = bytes };
    }

    private static FuzzOutcome Read(FuzzReader reader, string folder)
    {
        try
        {
            reader.Read(folder);
            return FuzzOutcome.Whole;
        }
        catch (Exception e) when (IsUserError(e))
        {
            return Refusal(e);
        }
        catch (Exception e)
        {
            return FuzzOutcome.Found(e.ToString(), $"{e.GetType().Name} {Origin(e.ToString())}");
        }
    }

    // Nobody reads more, whatever the file repeats.
    private static FuzzOutcome Refusal(Exception e) => e.Message.Length is > 0 and <= MostLetters ? FuzzOutcome.Refused(e.Message) : FuzzOutcome.Found($"an error of {e.Message.Length} letters: {e}", $"words {Origin(e.ToString())}");

    // Whatever it is wrapped in, memory that runs out is none.
    private static bool IsUserError(Exception e) =>
        (ExitCodes.Of(e) is not (ExitCodes.Bug or ExitCodes.SavedAndLeft) || OtherUserErrors.Contains(e.GetType()) || e is VerbException { Code: not ExitCodes.Bug }) && !Chain(e).Any(inner => inner is OutOfMemoryException or InsufficientExecutionStackException);

    private static IEnumerable<Exception> Chain(Exception? e)
    {
        for (; e is not null; e = e.InnerException) yield return e;
    }

    // The first line of ours in the stack.
    private static string Origin(string stack) => stack.Split('\n').FirstOrDefault(line => line.Contains("at SparkTrain.", StringComparison.Ordinal))?.Trim().Split(" in ")[0] ?? "";

    private static void Tell(FuzzLine line) => Console.Out.WriteLine(JsonSerializer.Serialize(line));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
