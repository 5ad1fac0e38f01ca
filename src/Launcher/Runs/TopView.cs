using SparkTrain.Checkpoints;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Runs;

/// <summary>A run's page, drawn again and again over itself until the run has ended or the watcher leaves.</summary>
internal sealed class TopView(Terminal terminal, string folder)
{
    private const string Home = "\e[H", ClearLine = "\e[K", ClearBelow = "\e[J", Alternate = "\e[?1049h\e[?25l", Back = "\e[?25h\e[?1049l";

    /// <summary>Watches.</summary>
    public void Run(TimeSpan period, CancellationToken stop)
    {
        if (!terminal.IsLive)
        {
            Draw(100, int.MaxValue, "\n");
            return;
        }
        terminal.Exact.Write(Alternate);
        try
        {
            do
            {
                terminal.Exact.Write(Home);
                Draw(Math.Max(40, Console.WindowWidth), Math.Max(10, Console.WindowHeight - 2), ClearLine + "\n");
                terminal.Exact.Write($"{ClearLine}\nCtrl-C leaves; the run goes on{ClearLine}{ClearBelow}");
            }
            while (!stop.WaitHandle.WaitOne(period));
        }
        finally
        {
            terminal.Exact.Write(Back);
        }
    }

    // What is damaged stands below the page: it is drawn anew with it.
    private void Draw(int width, int height, string end)
    {
        List<string> damaged = [];
        void Note(CheckpointException problem) => damaged.Add($"warning: {problem.Where}: {problem.Found}");
        var run = RunEntry.Read(folder, Note);
        var lines = RunPage.Lines(run, DateTime.UtcNow, width, height - damaged.Count, Note);
        terminal.Exact.Write(string.Concat(lines.Concat(damaged.Select(line => line.Length > width ? line[..width] : line)).Select(line => Visible.Of(line) + end)));
    }
}
