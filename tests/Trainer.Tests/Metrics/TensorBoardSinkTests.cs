using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.Support;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer.Tests.Metrics;

/// <summary>What TensorBoard shows of a run over kills and resumes: its files read as its own loader does, in the order of their names, up to a record that is cut off, dropping what a session takes back.</summary>
public sealed class TensorBoardSinkTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_that_is_killed_and_goes_on_has_every_step_once_and_in_order()
    {
        Session(0, log =>
        {
            Step(log, 0, (null, 5.5));
            for (int step = 1; step <= 7; step++) Step(log, step, (10 - step, step % 4 == 0 ? 5.0 - step : null));
        });
        // Killed while step 7 was written, after the checkpoint of step 4.
        CutOff(5);
        Session(4, log =>
        {
            for (int step = 5; step <= 6; step++) Step(log, step, (20 - step, null));
        });
        // Killed between the checkpoint of step 6 and its validation, which is made up for.
        Session(6, log =>
        {
            Step(log, 6, (14, 2.5));
            Step(log, 7, (13, null));
        });
        var shown = Shown();
        Assert.Equal([(1, 9f), (2, 8f), (3, 7f), (4, 6f), (5, 15f), (6, 14f), (7, 13f)], shown["loss"]);
        Assert.Equal([(0, 5.5f), (4, 1f), (6, 2.5f)], shown["val_loss"]);
        Assert.Equal(Enumerable.Range(0, 8).Select(step => (long)step), shown["system/cores_busy"].Select(point => point.Step));
    }

    [Fact]
    public void A_run_that_begins_anew_takes_everything_back()
    {
        Session(0, log => Step(log, 0, (null, 5.5)));
        Session(0, log =>
        {
            Step(log, 0, (null, 5.5));
            Step(log, 1, (3, null));
        });
        Assert.Equal([(0, 5.5f)], Shown()["val_loss"]);
        Assert.Equal([(1, 3f)], Shown()["loss"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-86_400)]
    public void A_file_is_never_shared_and_comes_behind_those_that_are_there_whatever_the_clock_says(long clock)
    {
        var first = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        using (var file = new EventFile(folder, first)) file.Write(first, 1, [("loss", 2)]);
        CutOff(3);
        using (var file = new EventFile(folder, first.AddSeconds(clock))) file.Write(first, 2, [("loss", 1)]);
        Assert.Equal(["1767323045", "1767323046"], Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(path => Path.GetFileName(path).Split('.')[3]));
        Assert.Equal([(2, 1f)], Shown()["loss"]);
    }

    // A new process each time.
    private void Session(long from, Action<ILogger> train)
    {
        using var sink = new TensorBoardSink(folder);
        using var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(sink).CreateLogger();
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Started))).Debug("run {Run} begins at step {Step}", "tiny", from);
        train(log);
    }

    // As training publishes a step: once, and once more with its validation.
    private static void Step(ILogger log, long step, (double? Loss, double? Validation) of)
    {
        var numbers = new JsonObject { ["loss"] = of.Loss, ["system"] = new JsonObject { ["cores_busy"] = 1.5 } };
        Publish(log, step, numbers);
        if (of.Validation is not { } loss) return;
        numbers["val_loss"] = loss;
        Publish(log, step, numbers);
    }

    private static void Publish(ILogger log, long step, JsonObject numbers) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), JsonProperty.Of(RunEvent.Metrics, numbers))).Debug("metrics of step {Step}", step);

    private void CutOff(int bytes)
    {
        using var file = File.OpenWrite(Directory.GetFiles(folder).Max(StringComparer.Ordinal)!);
        file.SetLength(file.Length - bytes);
    }

    private Dictionary<string, List<(long Step, float Value)>> Shown()
    {
        var shown = new Dictionary<string, List<(long Step, float Value)>>();
        foreach (string path in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
            foreach (var e in Records(File.ReadAllBytes(path)).Select(Tensorboard.Event.Parser.ParseFrom))
            {
                // What event_accumulator does since file version 2.
                if (e.SessionLog is { Status: Tensorboard.SessionLog.Types.SessionStatus.Start })
                    foreach (var points in shown.Values) points.RemoveAll(point => point.Step >= e.Step);
                foreach (var value in e.Summary?.Value ?? [])
                {
                    if (!shown.TryGetValue(value.Tag, out var points)) shown[value.Tag] = points = [];
                    points.Add((e.Step, value.SimpleValue));
                }
            }
        return shown;
    }

    private static IEnumerable<byte[]> Records(byte[] file)
    {
        for (int at = 0; at + 12 <= file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            if (at + 16 + length > file.Length) yield break;
            yield return file[(at + 12)..(at + 12 + length)];
            at += 16 + length;
        }
    }
}
