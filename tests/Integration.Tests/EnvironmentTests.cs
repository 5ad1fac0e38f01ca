using SparkTrain.Native;

namespace SparkTrain.Integration.Tests;

/// <summary>What the machine lacks ends with exit code 5 and one message; a libtorch of the user's own is used.</summary>
public sealed class EnvironmentTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_libtorch_of_the_users_own_is_loaded_from_its_folder()
    {
        string own = OwnLibTorch("2.10.0+cpu", whole: true);
        var run = Cli.Program(work.Folder, "dotnet", [Cli.Launcher, "--config", "tiny.json", "--set", "Training.Steps=2", "--set", "LrSchedule.WarmupSteps=1"], (LibTorch.FolderVariable, own), ("LD_DEBUG", "files"));
        Assert.True(run.ExitCode == 0, run.Error[^Math.Min(2000, run.Error.Length)..]);
        // What is loaded is initialized; the linker also names files that are looked for in vain.
        Assert.Equal([$"{own}/lib/libtorch_cpu.so"], run.Error.Split('\n').Where(line => line.EndsWith("libtorch_cpu.so", StringComparison.Ordinal) && line.Contains("calling init: ", StringComparison.Ordinal)).Select(line => line.Split("calling init: ")[1]));
    }

    [Fact]
    public void A_libtorch_of_another_version_is_refused() =>
        RequireRefusal(OwnLibTorch("2.9.1+cpu", whole: false), "libtorch is 2.9.1.\n  expected: 2.10.x");

    [Fact]
    public void A_folder_without_libtorch_is_refused() => RequireRefusal(work.Folder, "holds no libtorch_cpu.so");

    [Fact]
    public void A_library_that_does_not_load_is_one_message()
    {
        File.WriteAllText(work["libtorch_cpu.so"], "no library at all");
        RequireRefusal(work.Folder, "libtorch does not load");
    }

    [Fact]
    public void A_gpu_that_is_not_there_is_refused() => Require(work.Train("--set", "Training.Device=Cuda"), "libtorch found no CUDA device");

    private void RequireRefusal(string folder, string message) =>
        Require(Cli.Program(work.Folder, "dotnet", [Cli.Launcher, "--config", "tiny.json"], (LibTorch.FolderVariable, folder)), message);

    private static void Require(Outcome run, string message)
    {
        Assert.Equal(5, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Matches(@"^error: .+\n  expected: .+\n  do: .+\n$", run.Error);
    }

    // A folder as the libtorch download has it: lib/ and build-version.
    private string OwnLibTorch(string version, bool whole)
    {
        string own = work["libtorch"];
        Directory.CreateDirectory(Path.Combine(own, "lib"));
        File.WriteAllText(Path.Combine(own, "build-version"), version + "\n");
        if (!whole)
        {
            File.WriteAllText(Path.Combine(own, "lib", "libtorch_cpu.so"), "");
            return own;
        }
        foreach (string library in Directory.GetFiles(LibTorch.Probe().Folder!).Where(f => !f.Contains("LibTorchSharp", StringComparison.Ordinal)))
            File.Copy(library, Path.Combine(own, "lib", Path.GetFileName(library)));
        return own;
    }
}
