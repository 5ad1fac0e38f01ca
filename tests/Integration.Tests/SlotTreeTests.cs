namespace SparkTrain.Integration.Tests;

/// <summary>With Distributed.Reduce = SlotTree the shipped spark-tiny has the same bits on any number of ranks, here processes under mpiexec.</summary>
public sealed class SlotTreeTests : IDisposable
{
    // 8 micro-batches a step: as many ranks can share one.
    private static readonly string[] SparkTiny =
    [
        "--config", "spark-tiny.json", "--set", "Data.Folder=data", "--set", "Training.Steps=4", "--set", "LrSchedule.WarmupSteps=2", "--set", "Training.MicroBatch=4", "--set", "Training.Threads=1",
        "--set", "Distributed.Reduce=SlotTree", "--set", "Validation.EverySteps=2", "--set", "Validation.Tokens=2048", "--set", "Checkpoint.EverySteps=2", "--set", "Checkpoint.KeepLast=4", "--set", "Logging.PeakTeraflops=1",
    ];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void Loss_curve_and_final_weights_are_bit_equal_on_1_2_4_and_8_ranks_and_after_a_change_of_their_number()
    {
        Train(1, "one");
        Train(2, "two");
        Train(4, "four", "--set", "Distributed.ShardOptimizer=Off", "--set", "Distributed.Overlap=On");
        Train(8, "eight", "--set", "Training.MicroBatch=16", "--set", "Distributed.Slots=8");
        // As if the run on eight ranks had been killed after step 2, and went on with two.
        Directory.Delete(work["runs/eight/checkpoints/step-00000004"], recursive: true);
        CopyFolder(work["runs/eight"], work["runs/fewer"]);
        Directory.Delete(work["runs/fewer/model"], recursive: true);
        Assert.Contains("resumed fewer at step 2 of 4", Train(2, "fewer"), StringComparison.Ordinal);
        foreach (string run in (string[])["two", "four", "eight", "fewer"])
        {
            Assert.Equal(work.Losses("one").Select(l => l?.ToJsonString()), work.Losses(run).Select(l => l?.ToJsonString()));
            Assert.Equal(work.ValidationLosses("one"), work.ValidationLosses(run));
            Assert.Equal(work.Weights("one"), work.Weights(run));
        }
    }

    // The card's own command, in a few steps.
    [Theory]
    [InlineData(4, "each rank has 8 sequences of a step and computes 8 at a time; Training.MicroBatch = 16 is the most")]
    [InlineData(8, "each rank has 4 sequences of a step and computes 4 at a time; Training.MicroBatch = 16 is the most")]
    public void Spark_tiny_as_shipped_trains_on_as_many_ranks_as_are_asked_for(int ranks, string said)
    {
        var outcome = MpiJob.Run(work, ranks, ["--config", "spark-tiny.json", "--set", "Data.Folder=data", "--set", "Training.Steps=2", "--set", "LrSchedule.WarmupSteps=1", "--set", "Validation.EverySteps=0", "--set", "Generation.EverySteps=0", "--set", "Logging.PeakTeraflops=1"]);
        Assert.True(outcome.ExitCode == 0, outcome.Out + outcome.Error);
        Assert.Equal(1, System.Text.RegularExpressions.Regex.Count(outcome.Out, System.Text.RegularExpressions.Regex.Escape(said)));
    }

    [Fact]
    public void A_number_of_threads_that_the_bits_depend_on_must_be_stated_and_stay()
    {
        Assert.Contains("Training.Threads  is 0; Distributed.Reduce = SlotTree needs a fixed number", work.Train("--set", "Distributed.Reduce=SlotTree", "--set", "Training.Threads=0").Error, StringComparison.Ordinal);
        Assert.Equal(0, work.Train("--set", "Distributed.Reduce=SlotTree").ExitCode);
        var changed = work.Train("--set", "Distributed.Reduce=SlotTree", "--set", "Training.Threads=2", "--set", "Training.Steps=31");
        Assert.Equal(4, changed.ExitCode);
        Assert.Contains("Training.Threads was 1, is 2", changed.Error, StringComparison.Ordinal);
    }

    private string Train(int ranks, string run, params string[] arguments)
    {
        string[] all = [.. SparkTiny, "--set", $"Run.Name={run}", .. arguments];
        var outcome = ranks == 1 ? Cli.Run(work.Folder, all) : MpiJob.Run(work, ranks, all);
        Assert.True(outcome.ExitCode == 0, outcome.Out + outcome.Error);
        return outcome.Out;
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
