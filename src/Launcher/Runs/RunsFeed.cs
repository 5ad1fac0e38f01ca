using SparkTrain.Checkpoints;
using SparkTrain.Dashboard;
using SparkTrain.Input;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>Gives a dashboard the events of all runs in a folder, and new ones as they are written: no run need know of it. A run that cannot be read is told once, and hides no other.</summary>
internal sealed class RunsFeed(DashboardServer server, string folder, Terminal terminal)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, JournalTail> journals = [];
    private readonly HashSet<string> told = [];

    /// <summary>Reads until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Look(stop);
            await Task.Delay(Period, stop).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void Look(CancellationToken stop)
    {
        try
        {
            foreach (string run in RunEntry.FoldersIn(folder, problem => Warn(problem.Where, problem.Message))) Read(RunFolder.At(run).Events, stop);
        }
        // The folder may come back.
        catch (CheckpointException e)
        {
            Warn(e.Where, e.Message);
        }
    }

    private void Read(string journal, CancellationToken stop)
    {
        if (!journals.TryGetValue(journal, out var tail)) journals[journal] = tail = new(journal);
        try
        {
            tail.Read(lines =>
            {
                if (server.Ingest(lines) is { Refused: [var first, ..] }) Warn(journal, ErrorText.Of(journal, $"it has lines that are no events ({first.Reason.TrimEnd('.')})", "an event a line", "restore it from a backup; the other lines are shown"));
            }, stop);
        }
        // Nothing is wrong with the journal, and the dashboard has said what is with its database; tried again with the next look.
        catch (StoreUnavailableException)
        {
        }
        // Tried again with the next look.
        catch (Exception e) when (IoFailure.Is(e))
        {
            Warn(journal, ErrorText.Of(journal, $"it cannot be read ({e.Reason()})", "the events of a run", Advice(journal, e)));
        }
    }

    private static string Advice(string journal, Exception e) =>
        e is UnauthorizedAccessException && !Directory.Exists(journal) ? "correct its permissions" : Path.Exists(journal) ? "remove what is in its place, and train the run on" : "train the run on: its events of then are shown";

    private void Warn(string where, string problem)
    {
        if (told.Add(where)) terminal.Error.WriteLine($"warning: {problem}");
    }
}
