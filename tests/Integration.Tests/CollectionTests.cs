namespace SparkTrain.Integration.Tests;

/// <summary>Garbage collections at any moment change no bit: every object that native code uses lives until the call is over.</summary>
public sealed class CollectionTests : IDisposable
{
    private static readonly (string, string) Collecting = ("DOTNET_STARTUP_HOOKS", Path.Combine(AppContext.BaseDirectory, "CollectionHook.dll"));

    // Optimized code from the first call on: unoptimized code keeps every local alive.
    private static readonly (string, string) Optimized = ("DOTNET_TieredCompilation", "0");

    private static readonly string[] Watched =
    [
        "--config", "tiny.json", "--set", "Training.Steps=60", "--set", "Sparsity.AuditEverySteps=10", "--set", "Generation.EverySteps=20", "--set", "Generation.Prompts=[\"the \"]",
        "--set", "Checkpoint.EverySteps=10",
    ];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Theory]
    [InlineData("Float32", 1)]
    [InlineData("BFloat16", 1)]
    [InlineData("Float32", 2)]
    [InlineData("BFloat16", 2)]
    public void A_run_has_the_same_bits_with_a_collection_every_millisecond(string compute, int ranks)
    {
        Train("quiet", compute, ranks);
        Train("collecting", compute, ranks, Collecting, Optimized);
        Assert.Equal(61, work.Losses("quiet").Length);
        Assert.Equal(work.Losses("quiet").Select(l => l?.ToJsonString()), work.Losses("collecting").Select(l => l?.ToJsonString()));
        Assert.Equal(work.ValidationLosses("quiet"), work.ValidationLosses("collecting"));
        Assert.Equal(work.Weights("quiet"), work.Weights("collecting"));
    }

    private void Train(string run, string compute, int ranks, params (string, string)[] environment)
    {
        string[] arguments = [.. Watched, "--set", $"Run.Name={run}", "--set", $"Training.Compute={compute}", "--set", "Distributed.Reduce=SlotTree", .. ranks > 1 ? (string[])["--ranks", $"{ranks}"] : []];
        var outcome = Cli.Program(work.Folder, "dotnet", [Cli.Launcher, .. arguments], environment);
        Assert.True(outcome.ExitCode == 0, outcome.Out + outcome.Error);
    }
}
