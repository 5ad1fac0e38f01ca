using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using SparkTrain.Native;

namespace SparkTrain.Launcher.Doctor;

/// <summary>Looks for the software that training uses; loads none of it.</summary>
internal static partial class SoftwareChecks
{
    /// <summary>The .NET installation that runs this process: …/dotnet/shared/Microsoft.NETCore.App/10.0.x/.</summary>
    private static string DotnetRoot => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    public static Finding Dotnet()
    {
        var sdks = Names(Path.Combine(DotnetRoot, "sdk")).Where(name => char.IsAsciiDigit(name[0])).ToList();
        return sdks.Count > 0
            ? new(Verdict.Ok, ".NET", $"runtime {Environment.Version}, SDK {string.Join(", ", sdks)}")
            : new(Verdict.Warn, ".NET", $"runtime {Environment.Version}, no SDK in {DotnetRoot}", "install the .NET 10 SDK to build, and for the default corpus");
    }

    public static Finding Torch(LibTorchProbe probe) => probe.Problem is { } problem
        ? new(Verdict.Fail, "libtorch", problem.Replace("\n  ", " ", StringComparison.Ordinal))
        : new(Verdict.Ok, "libtorch", probe.Folder + (probe.RelaxesLibStdCpp ? "; its need of a newer libstdc++ names no symbol it uses and is relaxed" : ""));

    public static Finding StandardLibrary()
    {
        if (SharedLibraries.Find("libstdc++.so.6") is not { } path)
            return new(Verdict.Fail, "libstdc++", "not found", "install it: apt-get install libstdc++6");
        var level = LibStdCppVersion().Matches(File.ReadAllText(path, System.Text.Encoding.Latin1))
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
        return new(Verdict.Ok, "libstdc++", $"GLIBCXX_3.4.{level} ({path})");
    }

    public static Finding Corpus()
    {
        var files = Names(Path.Combine(DotnetRoot, "packs"))
            .Where(pack => pack is "Microsoft.NETCore.App.Ref" or "Microsoft.AspNetCore.App.Ref")
            .SelectMany(pack => Directory.EnumerateFiles(Path.Combine(DotnetRoot, "packs", pack), "*.xml", SearchOption.AllDirectories))
            .Where(file => file.Contains($"{Path.DirectorySeparatorChar}ref{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToList();
        return files.Count > 0
            ? new(Verdict.Ok, "dotnet-docs", $"{files.Count} files, {Size.Text(files.Sum(file => new FileInfo(file).Length))} of text")
            : new(Verdict.Warn, "dotnet-docs", $"no reference documentation in {DotnetRoot}/packs", "install the .NET 10 SDK, or train on a corpus of your own");
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal) : [];

    [GeneratedRegex(@"GLIBCXX_3\.4\.(\d+)")]
    private static partial Regex LibStdCppVersion();
}
