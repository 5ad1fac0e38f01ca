using System.Globalization;

namespace SparkTrain.Integration.Tests;

/// <summary>Runs Launcher.dll as ranks under Open MPI's mpiexec.</summary>
internal static class MpiJob
{
    private static readonly string[] Flags = ["--oversubscribe", "--bind-to", "none", "-x", "TERM=dumb"];

    private static readonly (string, string)[] AsRoot = [("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")];

    public static Outcome Run(Workplace work, int ranks, params string[] arguments) => Cli.Finish(Start(work, ranks, arguments));

    public static Started Start(Workplace work, int ranks, params string[] arguments) =>
        Cli.StartProgram(work.Folder, "mpiexec", [.. Flags, "-n", $"{ranks}", "dotnet", Cli.Launcher, .. arguments], AsRoot);

    /// <summary>Runs two ranks as if on hosts of their own: each in its own working folder.</summary>
    public static Outcome RunApart(Workplace work, string folder0, string folder1, string[] arguments, params string[] argumentsOfRank1) => Cli.Program(work.Folder, "mpiexec",
        [.. Flags, "-n", "1", "-wdir", folder0, "dotnet", Cli.Launcher, .. arguments, ":", "-n", "1", "-wdir", folder1, "dotnet", Cli.Launcher, .. arguments, .. argumentsOfRank1], AsRoot);

    /// <summary>Returns the process number of a rank.</summary>
    public static int RankOf(Started job, int rank) => Directory.GetDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) ? process : 0)
        .Single(process => process > 0 && Read(process, "status").Contains($"\nPPid:\t{job.Process.Id}\n", StringComparison.Ordinal)
            && Read(process, "environ").Split('\0').Contains($"OMPI_COMM_WORLD_RANK={rank}"));

    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
