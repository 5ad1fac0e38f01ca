using SparkTrain.Input;

namespace SparkTrain.Launcher.Tests.Verification;

public sealed class VerifyResumeCommandTests
{
    [Theory]
    [InlineData("--steps 1", "error: --steps: it is 1.\n  expected: a step from 2 to Training.Steps (2 to 240)")]
    [InlineData("--steps 241", "error: --steps: it is 241.")]
    [InlineData("--steps 10 --stop-at 10", "error: --stop-at: it is 10.\n  expected: a step before the last one (1 to 9)")]
    [InlineData("--stop-at 0", "error: --stop-at: it is 0.")]
    [InlineData("--set Training.Steps=1 --set LrSchedule.WarmupSteps=0", "error: --steps: it is 1.")]
    [InlineData("--ranks 1,two", "error: --ranks: '1,two' has 'two'.")]
    [InlineData("--ranks 2,2", "error: --ranks: '2,2' has '2'.")]
    [InlineData("--ranks 0", "error: --ranks: '0' has '0'.")]
    [InlineData("--ranks 1,3", "× ranks 3 =")]
    [InlineData("--keep /proc", "error: --keep: /proc is not empty.")]
    [InlineData("--set Model.DModle=3", "Model.DModle  unknown key.")]
    public void What_cannot_be_tried_is_refused_before_any_run(string arguments, string error)
    {
        var run = LauncherProcess.Run("verify-resume --config spark-tiny.json " + arguments);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Configuration, run.ExitCode);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        var run = LauncherProcess.Run("verify-resume --config spark-tiny.json --ranks 1 --keep /proc/nowhere");
        Assert.Equal(ExitCodes.Model, run.ExitCode);
        Assert.StartsWith("error: /proc/nowhere: it cannot be made (", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_starts_no_runs()
    {
        var run = LauncherProcess.Run("verify-resume --config spark-tiny.json", ("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "2"));
        Assert.Equal(ExitCodes.Configuration, run.ExitCode);
        Assert.StartsWith("error: verify-resume: this process is rank 0 of 2, started by OpenMpi.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--until -1")]
    [InlineData("--until 241")]
    [InlineData("--until -1 --ranks 2")]
    public void Training_until_a_step_that_the_run_does_not_have_is_refused(string arguments)
    {
        var run = LauncherProcess.Run("--config spark-tiny.json " + arguments);
        Assert.Equal(ExitCodes.Configuration, run.ExitCode);
        Assert.Contains("expected: a step from 0 to Training.Steps = 240", run.Error, StringComparison.Ordinal);
    }
}
