using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Launcher.Inspection;

namespace SparkTrain.Launcher.Tests.Inspection;

public sealed class CheckpointTableTests
{
    private static readonly DateTime Now = new(2026, 2, 3, 14, 5, 9, DateTimeKind.Utc);

    [Fact]
    public void One_line_a_checkpoint_with_columns_that_line_up()
    {
        var output = new StringWriter { NewLine = "\n" };
        CheckpointTable.Write(
            [
                Entry("runs/a/checkpoints/.tmp-step-00000030", CheckpointState.Unfinished, 0, 0) with { Reason = "being written" },
                Entry("runs/a/checkpoints/step-00000020", CheckpointState.Complete, 3_500_000, 90) with { Problems = [] },
                Entry("runs/a/checkpoints/step-00000010/", CheckpointState.Complete, 2048, 60 * 50) with { Problems = [new("runs/a/checkpoints/step-00000010/COMPLETE", "it is gone", "it", "look")] },
            ],
            new Dictionary<long, double> { [20] = 2.5, [21] = 7 }, Now, output);
        Assert.Equal(
            """
            checkpoint          tokens  ranks     size  val loss        written (UTC)  age  state
            .tmp-step-00000030                 0 bytes            2026-02-03 14:05:09  now  unfinished: being written
            step-00000020                      3.3 MiB    2.5000  2026-02-03 12:35:09  1 h  ok
            step-00000010                        2 KiB            2026-02-01 12:05:09  2 d  damaged: COMPLETE: it is gone

            """, output.ToString());
    }

    [Theory]
    [InlineData(-5, "now")]
    [InlineData(59, "now")]
    [InlineData(60, "1 min")]
    [InlineData(3599, "59 min")]
    [InlineData(3600, "1 h")]
    [InlineData(86399, "23 h")]
    [InlineData(86400, "1 d")]
    public void An_age_has_one_number(int seconds, string text) => Assert.Equal(text, CheckpointTable.Age(TimeSpan.FromSeconds(seconds)));

    private static CheckpointEntry Entry(string folder, CheckpointState state, long bytes, int minutesOld) =>
        new() { Folder = folder, State = state, Step = CheckpointStore.StepIn(Path.TrimEndingDirectorySeparator(folder))!.Value, Bytes = bytes, WrittenUtc = Now.AddMinutes(-minutesOld) };
}
