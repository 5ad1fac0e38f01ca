using System.Runtime.InteropServices;

namespace SparkTrain.Launcher.Doctor;

/// <summary>Finds shared libraries and programs where the system looks for them, without loading or starting them.</summary>
internal static class SharedLibraries
{
    private static readonly string Triplet = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    /// <summary>Returns the path of a library, or null.</summary>
    public static string? Find(string file) =>
        First(file, [.. Listed("LD_LIBRARY_PATH"), $"/usr/lib/{Triplet}", $"/lib/{Triplet}", "/usr/lib64", "/lib64", "/usr/lib", "/usr/local/lib", "/usr/lib64/openmpi/lib", "/usr/lib64/mpich/lib"]);

    /// <summary>Returns the path of a program, or null.</summary>
    public static string? OnPath(string program) => First(program, Listed("PATH"));

    private static string? First(string file, IEnumerable<string> folders) =>
        folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static string[] Listed(string variable) =>
        (Environment.GetEnvironmentVariable(variable) ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
}
