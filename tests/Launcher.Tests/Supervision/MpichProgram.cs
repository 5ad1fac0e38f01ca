using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Supervision;

/// <summary>MPICH's mpiexec, which lies unpacked beside the system's Open MPI, as one program that finds its own libraries.</summary>
internal sealed class MpichProgram : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>Writes the program.</summary>
    public MpichProgram()
    {
        string root = System.IO.Path.Combine(RepositoryFiles.Root, "artifacts", "mpich", "usr");
        if (!Directory.Exists(root)) throw new DirectoryNotFoundException($"MPICH is not in {root}. Run scripts/install-mpi.sh --with-mpich artifacts/mpich (test.sh does), then the tests again.");
        string libraries = System.IO.Path.GetDirectoryName(Directory.GetFiles(root, "libmpich.so.12", SearchOption.AllDirectories)[0])!;
        File.WriteAllText(Path, $"#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{root}/bin/mpiexec.hydra' \"$@\"\n");
        Started.Run("chmod", "700", Path);
    }

    /// <summary>The program.</summary>
    public string Path => System.IO.Path.Combine(folder, "mpiexec");

    public void Dispose() => folder.Dispose();
}
